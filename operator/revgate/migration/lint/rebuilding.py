"""A table that is replaced by its own copy, as Alembic's batch mode does: it is dropped, but not gone."""

from collections.abc import Mapping
from dataclasses import dataclass

from revgate.migration.lint.reader import Name
from revgate.migration.lint.scene import Placed, Revision, Run
from revgate.migration.lint.statements import CreateTable, Drop, Rename


@dataclass(frozen=True, slots=True)
class Rebuild:
    """One table that is dropped, and there again at the end of the revision."""

    placed: Placed  # where it is dropped
    table: Name
    columns: frozenset[str]  # of the new one; empty where they are not known


def rebuilds(revision: Revision) -> Mapping[Name, Rebuild]:
    """Return the tables that a revision rebuilds."""
    made = {one.table: frozenset(column.name for column in one.columns) for _, one in revision.each(CreateTable)}
    found: dict[Name, Rebuild] = {}
    for placed, drop in revision.each(Drop):
        for table in drop.names if drop.what == "TABLE" else ():
            copy = _copy_of(table, placed, revision)
            if copy is not None:
                found[table] = Rebuild(placed, table, made.get(copy, frozenset()))
    return found


def lost_columns(rebuild: Rebuild, run: Run) -> tuple[str, ...]:
    """Return the columns that the new table lacks; "?" where nobody knows what the old one had."""
    facts = run.facts(rebuild.table, rebuild.placed.at)
    if facts is None or not rebuild.columns:
        return ("?",)
    return tuple(sorted(facts.types.keys() - rebuild.columns))


def _copy_of(table: Name, dropped: Placed, revision: Revision) -> Name | None:
    """Return the table that takes the name of a dropped one."""
    for placed, old, rename in revision.actions(Rename):
        if placed.at > dropped.at and not rename.column and Name(old.schema, rename.to) == table:
            return old
    for placed, one in revision.each(CreateTable):
        if placed.at > dropped.at and one.table == table:
            return table
    return None
