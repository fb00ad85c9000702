"""The words that a shell may offer: every verb with its options and their values, as the parsers have them."""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from revgate.cli.verbs import VERBS, Verb, load, parser_of

_FILES: Final = frozenset({"FILE", "DIR", "PATH"})  # metavars whose values are found on the disk


@dataclass(frozen=True, slots=True)
class Option:
    """One option, or a positional argument when it has no names."""

    names: tuple[str, ...]
    value: str  # what its value is called
    text: str
    takes_value: bool
    choices: tuple[str, ...]
    is_file: bool


@dataclass(frozen=True, slots=True)
class Words:
    """What may follow one verb."""

    verb: str
    summary: str
    options: tuple[Option, ...]
    positionals: tuple[Option, ...]


def all_words() -> tuple[Words, ...]:
    """Return the words of every verb."""
    return tuple(_words(verb) for verb in VERBS.values())


def _words(verb: Verb) -> Words:
    found = tuple(_options(parser_of(verb, load(verb), "revgate")))
    return Words(
        verb=verb.name,
        summary=verb.summary,
        options=tuple(one for one in found if one.names),
        positionals=tuple(one for one in found if not one.names),
    )


def _options(parser: argparse.ArgumentParser) -> Iterator[Option]:
    formatter = parser._get_formatter()  # noqa: SLF001  argparse has no public way to its own words
    for action in parser._actions:  # noqa: SLF001  the same
        value = str(action.metavar or action.dest).upper()
        yield Option(
            names=tuple(action.option_strings),
            value=value,
            text=formatter._expand_help(action) if action.help else "",  # noqa: SLF001  the same
            takes_value=action.nargs != 0,
            choices=tuple(map(str, action.choices or ())),
            is_file=value in _FILES,
        )
