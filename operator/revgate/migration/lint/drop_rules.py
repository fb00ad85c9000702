"""What running releases still read: tables, columns and views that go or get another name."""

from collections.abc import Iterator
from typing import Final

from revgate.migration.lint.finding import Level
from revgate.migration.lint.reader import Name
from revgate.migration.lint.rebuilding import rebuilds
from revgate.migration.lint.rule import Hit, Rule
from revgate.migration.lint.scene import Placed, Revision, Run
from revgate.migration.lint.statements import (
    CreateTable,
    CreateView,
    Drop,
    DropColumn,
    DropConstraint,
    DropIndex,
    MoveSchema,
    Rename,
    RenameEnumValue,
    Truncate,
)

_READ_BY_APPS: Final = frozenset({"TABLE", "FOREIGN TABLE", "VIEW", "MATERIALIZED VIEW", "SCHEMA", "DATABASE"})
_FLOOR: Final = (
    'give this revision a floor, serves_from = "REVISION": the oldest revision whose apps work without it; gates then '
    "let no older release start"
)


def _drop(revision: Revision, run: Run) -> Iterator[Hit]:
    if revision.source.has_floor:
        return
    for placed, what in _dropped(revision, run):
        yield Hit(
            placed,
            f"{what} is dropped and the revision has no floor: pods of a release that still reads it break, and gates "
            "let more of them start",
            f"Drop it when no release in use reads it any more, and {_FLOOR}",
        )


def _dropped(revision: Revision, run: Run) -> Iterator[tuple[Placed, str]]:
    kept = rebuilds(revision).keys() | {view.view for _, view in revision.each(CreateView)}
    kept |= {one.table for _, one in revision.each(CreateTable)}
    for placed, drop in revision.each(Drop):
        for name in drop.names if drop.what in _READ_BY_APPS else ():
            if name not in kept and not run.is_new(name, placed.at):
                yield placed, f"{drop.what.capitalize()} {name}"
    for placed, table, column in revision.actions(DropColumn):
        if not run.is_new(table, placed.at):
            yield placed, f"Column {table}.{column.column}"


def _rename(revision: Revision, run: Run) -> Iterator[Hit]:
    if revision.source.has_floor:
        return
    for placed, what in _renamed(revision, run):
        yield Hit(
            placed,
            f"{what} and the revision has no floor: pods of the old release break at once, and gates let more of them "
            "start",
            f"Add the new one beside the old one, write both, and drop the old one in a later revision; or {_FLOOR}",
        )


def _renamed(revision: Revision, run: Run) -> Iterator[tuple[Placed, str]]:
    rebuilt = rebuilds(revision)
    for placed, table, rename in revision.actions(Rename):
        new = Name(table.schema, rename.to)
        if run.is_new(table, placed.at) or (not rename.column and new in rebuilt):
            continue
        old = f"Column {table}.{rename.column}" if rename.column else f"Table {table}"
        yield placed, f"{old} is renamed to {rename.to}"
    for placed, table, move in revision.actions(MoveSchema):
        if not run.is_new(table, placed.at):
            yield placed, f"Table {table} is moved to schema {move.schema}"
    for placed, one in revision.each(RenameEnumValue):
        yield placed, f"Value {one.value!r} of type {one.type} is renamed"


def _cascade(revision: Revision, run: Run) -> Iterator[Hit]:
    for placed, what in _cascading(revision, run):
        yield Hit(
            placed,
            f"{what} is dropped with CASCADE: views, foreign keys and whatever else depends on it go with it, unnamed",
            "Name each thing that goes in a statement of its own, and leave out CASCADE",
        )


def _cascading(revision: Revision, run: Run) -> Iterator[tuple[Placed, str]]:
    for placed, drop in revision.each(Drop):
        if drop.cascade and not all(run.is_new(name, placed.at) for name in drop.names):
            yield placed, f"{drop.what.capitalize()} {', '.join(map(str, drop.names))}"
    for placed, index in revision.each(DropIndex):
        if index.cascade:
            yield placed, f"Index {', '.join(map(str, index.names))}"
    for placed, table, column in revision.actions(DropColumn):
        if column.cascade and not run.is_new(table, placed.at):
            yield placed, f"Column {table}.{column.column}"
    for placed, table, constraint in revision.actions(DropConstraint):
        if constraint.cascade and not run.is_new(table, placed.at):
            yield placed, f"Constraint {constraint.name} of table {table}"


def _truncate(revision: Revision, run: Run) -> Iterator[Hit]:
    for placed, truncate in revision.each(Truncate):
        tables = [table for table in truncate.tables if not run.is_new(table, placed.at)]
        if tables or truncate.cascade:
            named = ", ".join(map(str, truncate.tables))
            yield Hit(
                placed,
                f"All rows of table {named}{' and of those that reference it' if truncate.cascade else ''} go, under "
                "an ACCESS EXCLUSIVE lock",
                "Delete rows in batches outside of a migration, or say why they may go: # lint: ignore[truncate] why",
            )


RULES: Final = (
    Rule("drop-without-floor", Level.ERROR, _drop),
    Rule("rename-without-floor", Level.ERROR, _rename),
    Rule("cascade", Level.ERROR, _cascade, only="postgresql"),
    Rule("truncate", Level.ERROR, _truncate, only="postgresql"),
)
