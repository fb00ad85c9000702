"""What the benchmarks print: tables for a terminal, and the same as Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Table:
    """Some figures, and what they are."""

    title: str
    note: str
    columns: Sequence[str]  # of the first one, the names, there is no title
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Floor:
    """What is to be reached, and what was: a ratio, or so many of a unit."""

    work: str
    limit: float
    measured: float  # by the wall clock, where it is a time
    by_cpu: float | None = None
    unit: str = "x"

    @property
    def is_reached(self) -> bool:
        """Whether the measured is not above the limit."""
        return self.measured <= self.limit


@dataclass(frozen=True)
class Results:
    """What a benchmark found."""

    tables: Sequence[Table]
    floors: Sequence[Floor] = ()
    kept: Any = field(default_factory=dict)  # every run, for JSON


def floors_table(floors: Sequence[Floor]) -> Table:
    """Return the summary. It never fails: a machine that is busy is no fault of the code."""
    rows = [
        (
            floor.work,
            f"≤ {floor.limit:g}{floor.unit}",
            f"{floor.measured:.3g}{floor.unit}",
            "" if floor.by_cpu is None else f"{floor.by_cpu:.3g}{floor.unit}",
            "yes" if floor.is_reached else "NO",
        )
        for floor in floors
    ]
    note = "Medians of whole processes in one run, and the same by processor time, which neighbours disturb less."
    return Table("Floors", note, ("to reach", "measured", "by CPU", "reached"), rows)


def as_text(table: Table) -> str:
    """Return a table with aligned columns."""
    lines = [("", *table.columns), *table.rows]
    widths = [max(len(line[at]) for line in lines) for at in range(len(lines[0]))]
    body = [
        "  ".join(
            [f"{line[0]:{widths[0]}}", *(f"{cell:>{width}}" for cell, width in zip(line[1:], widths[1:], strict=True))]
        ).rstrip()
        for line in lines
    ]
    return "\n".join([table.title, table.note, "", *body, ""])


def as_markdown(table: Table) -> str:
    """Return a table as a section of docs/performance.md."""
    lines = [("", *table.columns), ("---", *("---:" for _ in table.columns)), *table.rows]
    body = [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines]
    return "\n".join([f"## {table.title}", "", table.note, "", *body, ""])
