"""Constraints that are checked, or whose index is built, while the app waits; foreign keys that nothing supports."""

from collections.abc import Iterator
from typing import Final

from revgate.migration.lint.finding import Level
from revgate.migration.lint.keys import indexed_columns
from revgate.migration.lint.reader import Name
from revgate.migration.lint.rule import Hit, Rule
from revgate.migration.lint.scene import OUTSIDE, Course, Placed, Revision, Run
from revgate.migration.lint.statements import (
    AddConstraint,
    AlterTable,
    Constraint,
    CreateTable,
    DropConstraint,
    Kind,
    ValidateConstraint,
)

_WITH_INDEX: Final = {Kind.PRIMARY_KEY, Kind.UNIQUE}


def _added(revision: Revision, run: Run) -> Iterator[tuple[Placed, Name, Constraint]]:
    """Yield the constraints that are added to tables with rows."""
    for placed, table, action in revision.actions(AddConstraint):
        if not run.is_new(table, placed.at):
            yield placed, table, action.constraint


def _named(constraint: Constraint) -> str:
    return constraint.name or f"on ({', '.join(constraint.columns)})" if constraint.columns else constraint.name


def _foreign_key(revision: Revision, run: Run) -> Iterator[Hit]:
    for placed, table, constraint in _added(revision, run):
        if constraint.kind is Kind.FOREIGN_KEY and not constraint.is_not_valid:
            yield Hit(
                placed,
                f"Foreign key {_named(constraint)} is checked row by row under a SHARE ROW EXCLUSIVE lock: nobody "
                f"writes to tables {table} and {constraint.references} until it is done",
                "Add it with postgresql_not_valid=True, and run VALIDATE CONSTRAINT in a later revision",
                (table,),
            )


def _check(revision: Revision, run: Run) -> Iterator[Hit]:
    for placed, table, constraint in _added(revision, run):
        if constraint.kind in {Kind.CHECK, Kind.NOT_NULL} and not constraint.is_not_valid:
            yield Hit(
                placed,
                f"Check {_named(constraint)} reads the whole table {table} under an ACCESS EXCLUSIVE lock",
                "Add it with postgresql_not_valid=True, and run VALIDATE CONSTRAINT in a later revision",
                (table,),
            )


def _validated_at_once(revision: Revision, run: Run) -> Iterator[Hit]:
    added = {
        (table, constraint.name): placed.transaction
        for placed, table, constraint in _added(revision, run)
        if constraint.is_not_valid
    }
    for placed, table, action in revision.actions(ValidateConstraint):
        transaction = added.get((table, action.name), OUTSIDE)
        if transaction == placed.transaction != OUTSIDE:
            yield Hit(
                placed,
                f"Constraint {action.name} is validated in the transaction that added it, which still holds its lock "
                f"on table {table}: NOT VALID gains nothing",
                "Run VALIDATE CONSTRAINT in a revision of its own",
                (table,),
            )


def _unique(revision: Revision, run: Run) -> Iterator[Hit]:
    for placed, table, constraint in _added(revision, run):
        if constraint.kind in _WITH_INDEX and not constraint.using_index:
            yield Hit(
                placed,
                f"The index of {constraint.kind} {_named(constraint)} is built under an ACCESS EXCLUSIVE lock: nobody "
                f"reads or writes table {table} until it is ready",
                "Build a unique index with postgresql_concurrently=True, and in a later revision add the constraint "
                "USING INDEX",
                (table,),
            )
        elif constraint.kind is Kind.EXCLUDE:
            yield Hit(
                placed,
                f"The index of exclusion constraint {constraint.name} is built under an ACCESS EXCLUSIVE lock: nobody "
                f"reads or writes table {table} until it is ready",
                "PostgreSQL has no way around: add it while the table is small, or to a new table that replaces it",
                (table,),
            )


def _dropped(revision: Revision, run: Run) -> Iterator[Hit]:
    again = {(table, action.constraint.name) for _, table, action in revision.actions(AddConstraint)}
    for placed, table, action in revision.actions(DropConstraint):
        if (
            (table, action.name) not in again
            and not run.is_new(table, placed.at)
            and not _was_a_step(action.name, run.course(table, placed.at))
        ):
            yield Hit(
                placed,
                f"Constraint {action.name} of table {table} is dropped under an ACCESS EXCLUSIVE lock, for a foreign "
                "key also on the table that it references; what it kept out can come in from now on",
                "Make sure that no release relies on it, and say so: # lint: ignore[constraint-dropped] why",
            )


def _was_a_step(name: str, course: Course) -> bool:
    """Whether it was the CHECK that makes SET NOT NULL cheap."""
    return any(
        isinstance(action, AddConstraint) and action.constraint.name == name and action.constraint.not_null != ""
        for _, one in course
        for action in (one.actions if isinstance(one, AlterTable) else ())
    )


def _unindexed(revision: Revision, run: Run) -> Iterator[Hit]:
    if not run.reaches_heads:  # the index may be in a revision that comes later
        return
    for placed, table, constraint in _foreign_keys(revision):
        keys = indexed_columns(table, placed.at, run)
        wanted = set(constraint.columns)
        if keys is not None and not any(set(key[: len(wanted)]) == wanted for key in keys):
            yield Hit(
                placed,
                f"Foreign key ({', '.join(constraint.columns)}) of table {table} has no index: each DELETE in "
                f"{constraint.references}, and each change of its key, reads all of {table}",
                "Create an index that begins with these columns",
            )


def _foreign_keys(revision: Revision) -> Iterator[tuple[Placed, Name, Constraint]]:
    for placed, one in revision.each(CreateTable):
        for constraint in one.constraints:
            if constraint.kind is Kind.FOREIGN_KEY:
                yield placed, one.table, constraint
        for column in one.columns:
            if column.references is not None:
                yield placed, one.table, Constraint(Kind.FOREIGN_KEY, "", (column.name,), column.references)
    for placed, table, action in revision.actions(AddConstraint):
        if action.constraint.kind is Kind.FOREIGN_KEY:
            yield placed, table, action.constraint


RULES: Final = (
    Rule("foreign-key-scans", Level.ERROR, _foreign_key, by_size=True, only="postgresql"),
    Rule("check-scans", Level.ERROR, _check, by_size=True, only="postgresql"),
    Rule("validated-at-once", Level.WARNING, _validated_at_once, by_size=True, only="postgresql"),
    Rule("constraint-builds-index", Level.ERROR, _unique, by_size=True, only="postgresql"),
    Rule("constraint-dropped", Level.WARNING, _dropped, only="postgresql"),
    Rule("foreign-key-without-index", Level.WARNING, _unindexed, only="postgresql"),
)
