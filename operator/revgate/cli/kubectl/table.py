"""Tables in the manner of kubectl: wide as they are, and on a terminal no wider than that. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from revgate.cli.kubectl.paint import Colour, Paint

_GAP: Final = "  "


@dataclass(frozen=True, slots=True)
class Column:
    """A column. It may get as narrow as `fair`; then it goes if `least` is 0, or gets as narrow as that in the end."""

    title: str
    fair: int | None = None
    least: int | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a row."""

    text: str
    colour: Colour = Colour.PLAIN


def table(columns: Sequence[Column], rows: Sequence[Sequence[Cell]], width: int, paint: Paint) -> list[str]:
    """Return the lines of a table; `width` is the terminal's, 0 where nothing may be cut."""
    widths = _fitting(columns, _natural(columns, rows), width)
    titles = tuple(Cell(column.title, Colour.DIM) for column in columns)
    return [_line(row, widths, paint) for row in (titles, *rows)]


def _natural(columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> list[int]:
    return [max(len(column.title), *(len(row[at].text) for row in rows)) for at, column in enumerate(columns)]


def _fitting(columns: Sequence[Column], widths: list[int], width: int) -> list[int]:
    """Narrow fairly; if that is not enough, leave out the last column that may go; if none may, narrow what must be."""
    fair = _narrowed(widths, [column.fair for column in columns], width)
    if not width or _total(fair) <= width:
        return fair
    optional = [at for at, column in enumerate(columns) if column.least == 0 and widths[at]]
    if not optional:
        return _narrowed(fair, [column.least for column in columns], width)
    return _fitting(columns, [0 if at == optional[-1] else each for at, each in enumerate(widths)], width)


def _narrowed(widths: Sequence[int], bounds: Sequence[int | None], width: int) -> list[int]:
    """Return the widths with as much taken away as is needed and their bounds allow, from the last columns first."""
    narrowed = list(widths)
    for at in reversed(range(len(narrowed))):
        over, bound = _total(narrowed) - width, bounds[at]
        if width and over > 0 and bound is not None:
            narrowed[at] = max(min(bound, narrowed[at]), narrowed[at] - over)
    return narrowed


def _total(widths: Sequence[int]) -> int:
    shown = [width for width in widths if width]
    return sum(shown) + len(_GAP) * (len(shown) - 1)


def _line(row: Sequence[Cell], widths: Sequence[int], paint: Paint) -> str:
    cells = [_cell(cell, width, paint) for cell, width in zip(row, widths, strict=True) if width]
    return _GAP.join(cells).rstrip()


def _cell(cell: Cell, width: int, paint: Paint) -> str:
    text = cut(cell.text, width)
    return paint(text, cell.colour) + " " * (width - len(text))


def cut(text: str, width: int) -> str:
    """Return a text that has at most this width."""
    return text if len(text) <= width else f"{text[: max(width - 3, 0)]}..."[:width]
