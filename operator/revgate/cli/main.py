"""Entry of the ``revgate`` command: finds the verb and loads its module, and no other."""

import difflib
import sys
from collections.abc import Sequence
from pathlib import Path

from revgate import __version__
from revgate.cli.help import help_text
from revgate.cli.verbs import VERBS, load, parser_of


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    verb = next((word for word in words if word in VERBS), None)
    if verb is None or not _all_options(words[: words.index(verb)]):
        return _no_verb(words)
    words.remove(verb)  # options may stand before it, as with alembic
    return _run(verb, words)


def _all_options(words: Sequence[str]) -> bool:
    """Whether words before the verb are options, or the file of one."""
    return all(word.startswith("-") or words[at - 1] in {"-c", "--config"} for at, word in enumerate(words))


def _run(name: str, words: Sequence[str]) -> int:
    verb = VERBS[name]
    command = load(verb)
    args = parser_of(verb, command, program()).parse_args(words)
    if not verb.is_for_people:
        return command.run(args)
    from revgate.cli.endings import run_for_people  # noqa: PLC0415  a Job and a gate end in their own ways

    return run_for_people(command, args)


def program() -> str:
    """Return how we were called: `revgate`, or `python -m` and the package."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    return f"python -m {spec.parent}" if spec is not None and spec.parent else Path(sys.argv[0]).name


def _no_verb(words: Sequence[str]) -> int:
    match words:
        case ["--version", *_]:
            print(f"revgate {__version__}")
        case ["-h" | "--help", *_]:
            print(help_text(program()))
        case []:
            print(help_text(program()), file=sys.stderr)
            return 1
        case _:
            print(_unknown(words), file=sys.stderr)
            return 1
    return 0


def _unknown(words: Sequence[str]) -> str:
    word = next((word for word in words if not word.startswith("-")), "")
    if not word:
        return f"A command is missing after {' '.join(words)}: see `{program()} --help`"
    near = difflib.get_close_matches(word, VERBS, n=2)
    advice = f"did you mean {' or '.join(near)}?" if near else f"see `{program()} --help`"
    return f"Command {word} is unknown: {advice}"
