"""Entry of ``kubectl revgate``: finds the verb, runs it, and ends with 0 or with one sentence and 1."""

import difflib
import io
import os
import sys
from collections.abc import Sequence
from typing import Final

from revgate import __version__
from revgate.cli.kubectl.errors import PluginError
from revgate.cli.kubectl.options import kubectl_of, plain_words
from revgate.cli.kubectl.verbs import VERBS, load, parser_of

_HELP: Final = """\
Usage: kubectl revgate COMMAND [OPTIONS]

Looks after SchemaMigrations with your own kubectl: its kubeconfig, its
contexts and its logins are used.

Commands:
{verbs}

Options:
  -n, --namespace NAME, --context NAME, --kubeconfig FILE, --as USER
                  go to kubectl
  -h, --help      Show this text; after a command: show that command's
  --version       Show the version

NO_COLOR switches the colours off."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a letter that a terminal lacks is no reason to fail
    words = list(sys.argv[1:] if argv is None else argv)
    at = next(iter(plain_words(words)), -1)
    verb = words.pop(at) if at >= 0 else ""
    if verb not in VERBS:
        return _no_verb(words, verb)
    try:
        code = _run(verb, words)
        sys.stdout.flush()
    except PluginError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted", file=sys.stderr)
        return 1
    except OSError as error:
        if not isinstance(error, BrokenPipeError):  # `| head -1`: who reads has enough
            print(f"Answer could not be written: {error.strerror}", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


def _run(verb: str, words: Sequence[str]) -> int:
    command = load(verb)
    args = parser_of(verb, command).parse_args(words)
    return command.run(kubectl_of(args), args)


def _no_verb(words: Sequence[str], verb: str) -> int:
    if not verb and "--version" in words:
        print(f"revgate {__version__}")
        return 0
    if not verb and {"-h", "--help"} & set(words):
        print(_help())
        return 0
    if verb:
        near = difflib.get_close_matches(verb, VERBS, n=2)
        advice = f"did you mean {' or '.join(near)}?" if near else "see `kubectl revgate --help`"
        print(f"Command {verb} is unknown: {advice}", file=sys.stderr)
    else:
        print(_help(), file=sys.stderr)
    return 1


def _help() -> str:
    width = max(map(len, VERBS))
    return _HELP.format(verbs="\n".join(f"  {name:{width}}  {summary}" for name, summary in VERBS.items()))
