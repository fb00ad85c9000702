"""Which columns of a table have an index, as far as a run and the catalogue tell."""

from collections.abc import Iterator
from typing import TypeAlias, TypeGuard

from revgate.migration.lint.reader import Name
from revgate.migration.lint.scene import Course, Run
from revgate.migration.lint.statements import Action, AddConstraint, AlterTable, CreateIndex, CreateTable, Kind

Key: TypeAlias = tuple[str, ...]


def indexed_columns(table: Name, at: int, run: Run) -> tuple[Key, ...] | None:
    """Return the columns of each index that a table has after the run; None when there may be others."""
    facts = run.facts(table, at)
    if facts is None and not run.is_new(table, at + 1):  # the statement itself may make it
        return None
    old = tuple(index.columns for index in facts.indexes) if facts else ()
    return (*old, *_made(run.course(table, at)))


def _made(course: Course) -> Iterator[Key]:
    for _, one in course:
        match one:
            case CreateIndex(is_partial=False, columns=columns):
                yield columns
            case CreateTable():
                yield from _keys_of(one)
            case AlterTable(actions=actions):
                yield from (action.constraint.columns for action in actions if _makes_index(action))


def _makes_index(action: Action) -> TypeGuard[AddConstraint]:
    return isinstance(action, AddConstraint) and action.constraint.kind in {Kind.PRIMARY_KEY, Kind.UNIQUE}


def _keys_of(one: CreateTable) -> Iterator[Key]:
    for constraint in one.constraints:
        if constraint.kind in {Kind.PRIMARY_KEY, Kind.UNIQUE}:
            yield constraint.columns
    for column in one.columns:
        if column.is_unique:
            yield (column.name,)
