"""Statements that change or copy the rows of a whole table."""

from collections.abc import Iterator
from typing import Final

from revgate.migration.lint.finding import Level
from revgate.migration.lint.reader import Name
from revgate.migration.lint.rebuilding import rebuilds
from revgate.migration.lint.rule import Hit, Rule
from revgate.migration.lint.scene import OUTSIDE, Placed, Revision, Run
from revgate.migration.lint.statements import (
    Delete,
    Insert,
    LockTable,
    OtherAction,
    RewriteTable,
    Statement,
    Update,
)
from revgate.migration.lint.tables import exclusive_tables

_BATCHES: Final = "in batches that commit by themselves, outside of the revision that changes the schema"


def _update(revision: Revision, run: Run) -> Iterator[Hit]:
    for placed, update in revision.each(Update):
        if not update.is_bounded and not run.is_new(update.table, placed.at):
            yield Hit(
                placed,
                f"UPDATE of table {update.table} has no WHERE: each of its rows is written anew and stays locked until "
                "the transaction ends",
                f"Fill it {_BATCHES}, with a WHERE that leaves out what is done",
                (update.table,),
            )


def _delete(revision: Revision, run: Run) -> Iterator[Hit]:
    for placed, delete in revision.each(Delete):
        if not delete.is_bounded and not run.is_new(delete.table, placed.at):
            yield Hit(
                placed,
                f"DELETE of table {delete.table} has no WHERE: all of its rows go",
                f"Say which rows go, and delete them {_BATCHES}",
            )


def _backfill(revision: Revision, run: Run) -> Iterator[Hit]:
    """Find rows that are written while the same transaction keeps everybody away from a table."""
    held: dict[int, Name] = {}
    for placed in revision.placed:
        if placed.transaction == OUTSIDE:
            continue
        for one in placed.kinds:
            if placed.transaction in held and (tables := _filled(one, placed, run)) is not None:
                table = held[placed.transaction]
                yield Hit(
                    placed,
                    f"Rows are written in a transaction that holds an ACCESS EXCLUSIVE lock on table {table}: nobody "
                    "reads it until all are written",
                    f"Put it in a later revision, better still {_BATCHES}",
                    tables,
                )
            for table in exclusive_tables(one):
                if not run.is_new(table, placed.at):
                    held.setdefault(placed.transaction, table)


def _filled(one: Statement, placed: Placed, run: Run) -> tuple[Name, ...] | None:
    """Return the tables whose size says how long a statement takes; None for one that takes no time."""
    match one:
        case Update(table=table) | Delete(table=table) if not run.is_new(table, placed.at):
            return (table,)
        case Insert(is_select=True):
            return ()
        case _:
            return None


def _rewrite(revision: Revision, run: Run) -> Iterator[Hit]:
    actions = [
        (placed, action.words, (table,)) for placed, table, action in revision.actions(OtherAction) if action.rewrites
    ]
    commands = [(placed, one.command, one.tables) for placed, one in revision.each(RewriteTable)]
    for placed, command, tables in (*commands, *actions):
        if not tables or not all(run.is_new(table, placed.at) for table in tables):
            named = f"table {', '.join(map(str, tables))}" if tables else "all tables"
            yield Hit(
                placed,
                f"{command} writes {named} anew under an ACCESS EXCLUSIVE lock: nobody reads or writes meanwhile",
                "Do it in a maintenance window and not in a migration, or with pg_repack",
                tables,
            )


def _lock(revision: Revision, run: Run) -> Iterator[Hit]:
    for placed, lock in revision.each(LockTable):
        tables = [table for table in lock.tables if not run.is_new(table, placed.at)]
        if tables and lock.mode not in {"ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE"}:
            yield Hit(
                placed,
                f"LOCK TABLE takes {lock.mode} on table {', '.join(map(str, tables))} and keeps it until the "
                "transaction ends",
                "Leave it out: each statement takes the lock that it needs, and revgate lets one runner at a time in",
            )


def _rebuild(revision: Revision, run: Run) -> Iterator[Hit]:
    for table, rebuild in rebuilds(revision).items():
        if not run.is_new(table, rebuild.placed.at):
            others = (
                "the whole file takes no other writer"
                if run.dialect == "sqlite"
                else "what is written meanwhile is lost"
            )
            yield Hit(
                rebuild.placed,
                f"Table {table} is copied row by row and replaced by its copy: {others}, and triggers and views of the "
                "old table are gone",
                "Add and drop columns without batch_alter_table where the database can, or stop the app for it",
                (table,),
            )


RULES: Final = (
    Rule("update-without-where", Level.ERROR, _update, by_size=True),
    Rule("delete-without-where", Level.ERROR, _delete),
    Rule("backfill-under-lock", Level.ERROR, _backfill, by_size=True, only="postgresql"),
    Rule("table-rewritten", Level.ERROR, _rewrite, by_size=True, only="postgresql"),
    Rule("lock-table", Level.ERROR, _lock, only="postgresql"),
    Rule("table-rebuilt", Level.WARNING, _rebuild, by_size=True),
)
