"""What a run takes away for good: the rows of a table, the values of a column. A person may want to approve it."""

from collections.abc import Iterator
from dataclasses import dataclass

from revgate.migration.lint.reader import Name
from revgate.migration.lint.rebuilding import lost_columns, rebuilds
from revgate.migration.lint.scene import Placed, Revision, Run
from revgate.migration.lint.statements import Delete, Drop, DropColumn, Hidden, Truncate
from revgate.migration.lint.tables import RELATIONS


@dataclass(frozen=True, slots=True)
class Loss:
    """One thing that goes, by a statement; the whole revision may be one (None) whose SQL nobody knows."""

    placed: Placed | None
    what: str
    table: Name | None = None  # whose size tells how much it is


def losses_of(revision: Revision, run: Run) -> Iterator[Loss]:
    """Yield what the revision takes away from a database."""
    if revision.source.not_rendered:
        yield Loss(None, "perhaps anything (its SQL is known only when it runs)")
    yield from _tables(revision, run)
    yield from _columns(revision, run)
    yield from _rows(revision, run)
    for placed, hidden in revision.each(Hidden):
        yield Loss(placed, f"perhaps anything ({hidden.what} puts its SQL together when it runs)")


def _tables(revision: Revision, run: Run) -> Iterator[Loss]:
    rebuilt = rebuilds(revision)
    for placed, drop in revision.each(Drop):
        for name in drop.names:
            if drop.what in RELATIONS and run.is_new(name, placed.at):
                continue
            if drop.what in {"TABLE", "SCHEMA", "DATABASE"} and name not in rebuilt:
                yield Loss(placed, f"{drop.what.lower()} {name}", name)
            elif name in rebuilt:
                yield from (
                    Loss(placed, f"column {name}.{column}", name) for column in lost_columns(rebuilt[name], run)
                )
        if drop.cascade:
            yield Loss(placed, f"whatever depends on {', '.join(map(str, drop.names))}")


def _columns(revision: Revision, run: Run) -> Iterator[Loss]:
    for placed, table, drop in revision.actions(DropColumn):
        if not run.is_new(table, placed.at):
            yield Loss(placed, f"column {table}.{drop.column}", table)


def _rows(revision: Revision, run: Run) -> Iterator[Loss]:
    for placed, truncate in revision.each(Truncate):
        for table in truncate.tables:
            if not run.is_new(table, placed.at) or truncate.cascade:
                yield Loss(placed, f"all rows of table {table}", table)
    for placed, delete in revision.each(Delete):
        if not run.is_new(delete.table, placed.at):
            rows = "rows" if delete.is_bounded else "all rows"
            yield Loss(placed, f"{rows} of table {delete.table}", delete.table)
