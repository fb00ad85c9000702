"""Entry of the ``revgate`` command: finds the verb and loads its module, and no other."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # typing is among what a gate does without
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == ["wait"]:  # each pod of each app waits for this start: not even argparse is loaded
        from revgate.cli import wait  # noqa: PLC0415  as with every verb

        said = wait.plain_words(words[1:])
        if said is not None:
            return _ended(wait.run(said), alone=argv is None and not said.requires_from)
    from revgate.cli import quick  # noqa: PLC0415  not for a gate

    code = quick.answer(words)
    return _any_verb(words, alone=argv is None) if code is None else _ended(code, alone=argv is None)


def _ended(code: int, *, alone: bool) -> int:
    """Return the code, or end at once where only our code ran: to take itself apart takes Python 5 to 20 ms."""
    if alone and sys.stdout is not None and sys.stderr is not None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


def _any_verb(words: list[str], *, alone: bool) -> int:
    from revgate.cli.verbs import VERBS  # noqa: PLC0415  not for a gate

    verb = next((word for word in words if word in VERBS), None)
    if verb is None or not _all_options(words[: words.index(verb)]):
        return _no_verb(words)
    words.remove(verb)  # options may stand before it, as with alembic
    return _run(verb, words, alone=alone)


def _all_options(words: Sequence[str]) -> bool:
    """Whether words before the verb are options, or the file of one."""
    return all(word.startswith("-") or words[at - 1] in {"-c", "--config", "-x"} for at, word in enumerate(words))


def _run(name: str, words: Sequence[str], *, alone: bool) -> int:
    import gc  # noqa: PLC0415  as above

    from revgate.cli.verbs import VERBS, load, parser_of  # noqa: PLC0415  as above

    verb = VERBS[name]
    if verb.is_short:
        gc.set_threshold(500_000, 20, 50)  # what is being loaded would be searched again and again, in vain
    sys.modules.setdefault("mako.ext.pygmentplugin", None)  # type: ignore[arg-type]  # colours HTML that nobody sees, and costs 20 ms
    command = load(verb)
    args = parser_of(verb, command, program()).parse_args(words)
    if verb.is_for_people:
        from revgate.cli.endings import run_for_people  # noqa: PLC0415  a Job and a gate end in their own ways

        code = run_for_people(command, args)
    else:
        code = command.run(args)
    return _ended(code, alone=alone and getattr(args, "bundled", False))


def program() -> str:
    """Return how we were called: `revgate`, or `python -m` and the package."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    if spec is not None and spec.parent:
        return f"python -m {spec.parent}"
    return os.path.basename(sys.argv[0])  # noqa: PTH119  pathlib would take a gate 10 ms


def _no_verb(words: Sequence[str]) -> int:
    from revgate import __version__  # noqa: PLC0415  as above
    from revgate.cli.help import help_text  # noqa: PLC0415  as above

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
    import difflib  # noqa: PLC0415  for those who mistyped

    from revgate.cli.verbs import VERBS  # noqa: PLC0415  as above

    near = difflib.get_close_matches(word, VERBS, n=2)
    advice = f"did you mean {' or '.join(near)}?" if near else f"see `{program()} --help`"
    return f"Command {word} is unknown: {advice}"
