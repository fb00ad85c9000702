"""Colours, where a person looks at a terminal and has not set NO_COLOR."""

import os
import sys
from collections.abc import Callable
from enum import StrEnum
from typing import Final

Paint = Callable[[str, "Colour"], str]


class Colour(StrEnum):
    """What a colour says, as the terminal's code."""

    PLAIN = ""
    GOOD = "32"
    BAD = "31"
    WAITING = "33"
    TITLE = "1"
    DIM = "2"
    WORD = "36"  # of SQL


_LEVELS: Final = {"error": Colour.BAD, "warning": Colour.WAITING}


def painter() -> Paint:
    """Return what paints for standard output: the real colours, or none."""
    wanted = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return coloured if wanted else plain


def coloured(text: str, colour: Colour) -> str:
    """Return the text in a colour."""
    return f"\x1b[{colour}m{text}\x1b[0m" if colour and text.strip() else text


def plain(text: str, _: Colour) -> str:
    """Return the text."""
    return text


def of_level(level: str) -> Colour:
    """Return the colour of a finding."""
    return _LEVELS.get(level, Colour.DIM)
