"""Facts about one thing: a name on the left, what it is on the right, wrapped to the terminal. Pure."""

import textwrap
from collections.abc import Iterable
from typing import Final

from revgate.cli.kubectl.paint import Colour, Paint

_NAME: Final = 11
_NARROWEST: Final = 40

Fact = tuple[str, str, Colour]
"""Name ("" for more about the one before), text, colour of the text."""


def fact_lines(facts: Iterable[Fact], width: int, paint: Paint) -> list[str]:
    """Return the lines of the facts that have a text; `width` is the terminal's, 0 where nothing may be wrapped."""
    return [line for fact in facts if fact[1] for line in _lines(fact, width, paint)]


def _lines(fact: Fact, width: int, paint: Paint) -> list[str]:
    name, text, colour = fact
    lines = _wrapped(text, width - _NAME) if width >= _NARROWEST else text.splitlines()
    names = [paint(name, Colour.DIM) + " " * (_NAME - len(name)), *[" " * _NAME] * len(lines)]
    return [(start + paint(line, colour)).rstrip() for start, line in zip(names, lines, strict=False)]


def _wrapped(text: str, width: int) -> list[str]:
    """Return lines of words; what is longer than a line, such as an image, stays whole, to be copied."""
    return [
        part
        for line in text.splitlines()
        for part in textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False) or [""]
    ]
