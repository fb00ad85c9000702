"""The texts of `history` and `pending`, in the form of the reference. Pure."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from revgate.migration.project.entry import Entry

if TYPE_CHECKING:
    from revgate.migration.applied import AppliedRevision

NOTHING_PENDING: Final = "✓ No pending migrations"
_TITLE: Final = "Revision"
_TITLES: Final = (_TITLE, "State", "When", "Took", "Image", "Runner")
_WIDTH: Final = 36  # of the reference's box; a longer name makes it wider
_FRAME: Final = 4  # the two lines at the sides and their spaces


def history_lines(entries: Sequence[Entry]) -> list[str]:
    """Return one line for each revision, the oldest first, with (head) on the real heads only."""
    names = {entry.revision: entry.name for entry in entries}
    return [_line(entry, [names[parent] for parent in entry.parents]) for entry in entries]


def applied_lines(revisions: Sequence["AppliedRevision"]) -> list[str]:
    """Return a table of what was applied, the oldest first, for people and for awk."""
    rows = [_TITLES, *(_cells(one) for one in revisions)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(_TITLES))]
    return ["  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def pending_text(names: Sequence[str], columns: int = 0) -> str:
    """Return the table of what is pending and how many that is.

    Args:
        names: in the order to apply them.
        columns: of the terminal, where longer names are cut; 0 where nothing may be cut.
    """
    if not names:
        return NOTHING_PENDING
    width = max(_WIDTH, *map(len, names))
    if columns:
        width = max(_WIDTH, min(width, columns - _FRAME))
    rows = [f"│ {_cut(name, width):{width}} │" for name in names]
    table = [
        f"┏{'━' * (width + 2)}┓",
        f"┃ {_TITLE:{width}} ┃",
        f"┡{'━' * (width + 2)}┩",
        *rows,
        f"└{'─' * (width + 2)}┘",
    ]
    return "\n".join(["Pending Migrations", *table, "", f"{len(names)} pending"])


def _cells(one: "AppliedRevision") -> tuple[str, ...]:
    state = f"{one.state},edited" if one.edited else one.state
    when = f"{one.finished:%Y-%m-%dT%H:%M:%SZ}" if one.finished else ""
    took = "" if one.seconds is None else f"{one.seconds:.3f}s"
    return tuple(cell or "-" for cell in (one.name, state, when, took, one.image, one.runner))


def _line(entry: Entry, parents: Sequence[str]) -> str:
    before = ", ".join(parents) or "<base>"
    needs = f" ({', '.join(entry.depends_on)})" if entry.depends_on else ""
    return f"{before}{needs} -> {entry.name}{entry.marks}, {entry.description}"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
