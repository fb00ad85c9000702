"""The verb `completion`: what a shell needs to know of the verbs and their options, taken from their parsers."""

import argparse
from typing import Final

from revgate.cli import completion_scripts
from revgate.cli.completion_words import all_words
from revgate.cli.database_options import add_debug_option

EPILOG: Final = """\
Examples:
  echo 'source <(revgate completion bash)' >> ~/.bashrc
  echo 'source <(revgate completion zsh)' >> ~/.zshrc    # after compinit
  revgate completion fish > ~/.config/fish/completions/revgate.fish"""

_SCRIPTS: Final = {
    "bash": completion_scripts.bash,
    "zsh": completion_scripts.zsh,
    "fish": completion_scripts.fish,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the shells."""
    parser.add_argument("shell", choices=tuple(_SCRIPTS), help="for which shell")
    add_debug_option(parser)


def run(args: argparse.Namespace) -> int:
    """Print the script."""
    print(_SCRIPTS[args.shell](all_words()))
    return 0
