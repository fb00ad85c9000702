"""Which tables a statement is about, and which of them it takes from everybody else."""

from collections.abc import Iterator
from typing import Final

from revgate.migration.lint.reader import Name
from revgate.migration.lint.statements import (
    Action,
    AddConstraint,
    AlterTable,
    CreateIndex,
    CreateTable,
    Delete,
    Drop,
    DropIndex,
    Insert,
    Kind,
    LockTable,
    OtherAction,
    Refresh,
    Reindex,
    RewriteTable,
    Statement,
    Truncate,
    Update,
    ValidateConstraint,
)

RELATIONS: Final = frozenset({"TABLE", "FOREIGN TABLE", "VIEW", "MATERIALIZED VIEW"})


def tables_of(statement: Statement) -> tuple[Name, ...]:  # noqa: PLR0911  one for each shape
    """Return the tables, and views, that a statement names as its object."""
    match statement:
        case CreateTable(table=table) | CreateIndex(table=table) | AlterTable(table=table):
            return (table,)
        case Update(table=table) | Delete(table=table) | Insert(table=table):
            return (table,)
        case Truncate(tables=tables) | LockTable(tables=tables) | RewriteTable(tables=tables):
            return tables
        case Drop(what=what, names=names) if what in RELATIONS:
            return names
        case Reindex(what="TABLE", name=name):
            return (name,)
        case Refresh(view=view):
            return (view,)
        case _:
            return ()


def indexes_of(statement: Statement) -> tuple[str, ...]:
    """Return the indexes that a statement names without their tables."""
    match statement:
        case DropIndex(names=names):
            return tuple(one.name for one in names)
        case Reindex(what="INDEX", name=name):
            return (name.name,)
        case _:
            return ()


def exclusive_tables(statement: Statement) -> Iterator[Name]:
    """Yield the tables that nobody else can even read from then on, to the end of the transaction: ACCESS EXCLUSIVE."""
    match statement:
        case AlterTable(table=table, actions=actions, what="TABLE") if any(map(_is_exclusive, actions)):
            yield table
        case Drop(what="TABLE", names=names):
            yield from names
        case Truncate(tables=tables) | RewriteTable(tables=tables) | LockTable(tables=tables, mode="ACCESS EXCLUSIVE"):
            yield from tables
        case Refresh(view=view, concurrently=False):
            yield view


def _is_exclusive(action: Action) -> bool:
    match action:
        case ValidateConstraint():
            return False
        case AddConstraint(constraint=constraint):
            return constraint.kind is not Kind.FOREIGN_KEY
        case OtherAction(is_exclusive=is_exclusive):
            return is_exclusive
        case _:
            return True
