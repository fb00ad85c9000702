"""The parsers of the verbs: their help keeps the lines of the examples, and a wrong word is one sentence."""

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NoReturn


def add_format_options(parser: argparse.ArgumentParser, choices: Sequence[str], of: str) -> None:
    """Add --format, whose default is text, and --json, which is short for one."""
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--format", choices=choices, default="text", help=of)
    form.add_argument("--json", dest="format", action="store_const", const="json", help="the same as --format json")


class HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Writes `Usage:` as the reference does."""

    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[argparse._MutuallyExclusiveGroup],
        prefix: str | None = None,
    ) -> None:
        """Begin the usage with a capital."""
        super().add_usage(usage, actions, groups, prefix or "Usage: ")


class Parser(argparse.ArgumentParser):
    """A parser whose options are written in full."""

    def __init__(self, **words: Any) -> None:
        super().__init__(formatter_class=HelpFormatter, allow_abbrev=False, **words)


class ParserForPeople(Parser):
    """A parser that ends with one sentence and exit code 1, the only one that the reference has for errors."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the command line."""
        sentence = message[:1].upper() + message[1:]
        print(f"{sentence}: see `{self.prog} --help`", file=sys.stderr)
        raise SystemExit(1)


PARSERS: Final[Mapping[bool, type[Parser]]] = {True: ParserForPeople, False: Parser}
