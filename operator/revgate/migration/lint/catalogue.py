"""What the database's catalogue says about tables that exist, as values. Nothing known is the state without one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from revgate.migration.lint.reader import Name

_MEGABYTE: Final = 1024 * 1024
SMALL_ROWS: Final = 10_000
SMALL_BYTES: Final = 8 * _MEGABYTE
MEDIUM_ROWS: Final = 100_000
MEDIUM_BYTES: Final = 80 * _MEGABYTE


class Scale(IntEnum):
    """How long it takes to read a table, by orders of magnitude."""

    SMALL = 1  # some hundredths of a second
    MEDIUM = 2  # half a second
    LARGE = 3  # or unknown


@dataclass(frozen=True, slots=True)
class Index:
    """An index that is there and valid; a column is "" where it is an expression."""

    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TableFacts:
    """One table. Rows are an estimate; None is what the server does not know."""

    rows: int | None
    bytes: int | None
    types: Mapping[str, str] = field(default_factory=dict)  # of its columns, as the server writes them
    not_null: frozenset[str] = frozenset()  # columns that a validated CHECK keeps from being null
    indexes: tuple[Index, ...] = ()

    @property
    def scale(self) -> Scale:
        """Return how large it is."""
        if self.bytes is None and self.rows is None:
            return Scale.LARGE
        rows, size = self.rows or 0, self.bytes or 0
        if rows <= SMALL_ROWS and size <= SMALL_BYTES:
            return Scale.SMALL
        return Scale.MEDIUM if rows <= MEDIUM_ROWS and size <= MEDIUM_BYTES else Scale.LARGE

    @property
    def size(self) -> str:
        """Return its size for a person, "" where nothing is known."""
        parts = [] if self.rows is None else [f"about {self.rows:,} row{'' if self.rows == 1 else 's'}"]
        if self.bytes is not None:
            is_large = self.bytes >= _MEGABYTE
            parts.append(f"{self.bytes / _MEGABYTE:,.0f} MB" if is_large else f"{self.bytes / 1024:,.0f} kB")
        return " in ".join(parts)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What was asked about the tables and indexes that a plan names."""

    tables: Mapping[Name, TableFacts] = field(default_factory=dict)
    absent: frozenset[Name] = frozenset()  # no table anywhere has this name, so a run that uses it makes it
    index_tables: Mapping[str, Name] = field(default_factory=dict)
