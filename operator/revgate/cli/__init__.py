"""The command line: parse, call, print. A command's code is loaded only when that command runs."""
