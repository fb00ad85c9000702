"""Columns that are added or changed in a way that reads or writes the whole table while nobody else can."""

import re
from collections.abc import Iterator
from typing import Final

from revgate.migration.lint.finding import Level
from revgate.migration.lint.reader import Name
from revgate.migration.lint.rule import Hit, Rule
from revgate.migration.lint.scene import Revision, Run
from revgate.migration.lint.statements import (
    AddColumn,
    AddConstraint,
    AlterTable,
    ChangeType,
    Column,
    CreateTable,
    SetNotNull,
    ValidateConstraint,
)

# Functions that give the same value for the whole statement; and types, which look like calls where they have a length
_STABLE: Final = frozenset(
    """
    now transaction_timestamp statement_timestamp current_setting current_database to_timestamp to_date date_trunc
    timezone make_interval make_date coalesce nullif cast concat format lower upper trim btrim left right substr
    substring replace round floor ceil abs greatest least length md5 to_char to_number array_fill to_tsvector
    json_build_object jsonb_build_object json_build_array jsonb_build_array to_json to_jsonb row int4range int8range
    numrange tsrange tstzrange daterange text varchar char character varying numeric decimal bit timestamp time
    timestamptz interval float current_timestamp localtimestamp current_time localtime st_makepoint
    """.split()  # noqa: SIM905  one a line is a page
)
_LENGTH: Final = re.compile(r"^(?P<type>[A-Z ]+?) ?(?:\((?P<length>\d+)(?:, (?P<scale>\d+))?\))?$")
_GROWING: Final = frozenset({"NUMERIC", "BIT VARYING"})
_SAME_TYPES: Final = {
    "CHARACTER VARYING": "VARCHAR",
    "DECIMAL": "NUMERIC",
    "INT": "INTEGER",
    "INT4": "INTEGER",
    "INT8": "BIGINT",
    "BOOL": "BOOLEAN",
}


def _required(revision: Revision, run: Run) -> Iterator[Hit]:
    for placed, table, action in revision.actions(AddColumn):
        column = action.column
        fills_itself = column.default or column.is_identity or column.is_serial or column.is_generated
        if column.is_required and not fills_itself and not run.is_new(table, placed.at):
            yield Hit(
                placed,
                f"Column {column.name} is required and has no default: adding it fails when table {table} has a row, "
                "and afterwards every INSERT of the old release fails",
                "Add it with a server_default, or nullable: fill it, and make it required in a later revision",
                (table,),
            )


def _volatile(revision: Revision, run: Run) -> Iterator[Hit]:
    for placed, table, action in revision.actions(AddColumn):
        why = _why_rewritten(action.column)
        if why and not run.is_new(table, placed.at):
            yield Hit(
                placed,
                f"Column {action.column.name} {why}: each row of table {table} is written anew under an ACCESS "
                "EXCLUSIVE lock, and nobody reads or writes it meanwhile",
                "Add it without, set the default for new rows in a second statement, and fill the old rows in batches",
                (table,),
            )


def _why_rewritten(column: Column) -> str:
    if column.is_serial or column.is_identity:
        return "is numbered by a sequence"
    if column.is_stored:
        return "is generated and stored"
    volatile = next((call for call in column.calls if call not in _STABLE), "")
    return f"has a default that calls {volatile}(), which may be another value for each row" if volatile else ""


def _set_not_null(revision: Revision, run: Run) -> Iterator[Hit]:
    for placed, table, action in revision.actions(SetNotNull):
        if not run.is_new(table, placed.at) and not _is_proven(action.column, table, placed.at, run):
            yield Hit(
                placed,
                f"SET NOT NULL on {table}.{action.column} reads the whole table under an ACCESS EXCLUSIVE lock",
                f"Add CHECK ({action.column} IS NOT NULL) NOT VALID and validate it in a later revision: then SET NOT "
                "NULL reads nothing, and the CHECK can go",
                (table,),
            )


def _is_proven(column: str, table: Name, at: int, run: Run) -> bool:
    """Whether a validated CHECK says already that no row has NULL there."""
    facts = run.facts(table, at)
    if facts is not None and column in facts.not_null:
        return True
    checks: dict[str, bool] = {}
    for placed, one in run.course(table, at):
        for action in one.actions if isinstance(one, AlterTable) and placed.at < at else ():
            match action:
                case AddConstraint(constraint=constraint) if constraint.not_null == column:
                    checks[constraint.name] = not constraint.is_not_valid
                case ValidateConstraint(name=name) if name in checks:
                    checks[name] = True
    return any(checks.values())


def _change_type(revision: Revision, run: Run) -> Iterator[Hit]:
    for placed, table, action in revision.actions(ChangeType):
        facts = run.facts(table, placed.at)
        old = facts.types.get(action.column, "") if facts else ""
        is_free = not action.has_using and _is_free(old, action.type)
        if not is_free and not run.is_new(table, placed.at):
            yield Hit(
                placed,
                f"Type of {table}.{action.column} becomes {action.type}{f', it was {old}' if old else ''}: the table "
                "and its indexes are written anew under an ACCESS EXCLUSIVE lock",
                "Add a column of the new type, write both, fill it in batches; drop the old one in a later revision",
                (table,),
            )


def _is_free(old: str, new: str) -> bool:
    """Whether rows stay as they are: a limit that grows or goes."""
    before, after = _parsed(old), _parsed(new)
    if not old or before is None or after is None:
        return False
    (type_, length, scale), (new_type, new_length, new_scale) = before, after
    if type_ in {"VARCHAR", "TEXT"} and new_type in {"VARCHAR", "TEXT"}:
        return new_length == 0 or (type_ == "VARCHAR" and 0 < length <= new_length)
    if type_ != new_type or type_ not in _GROWING:
        return before == after
    return new_length == 0 or (scale == new_scale and 0 < length <= new_length)


def _parsed(type_: str) -> tuple[str, int, int] | None:
    found = _LENGTH.match(type_.upper().replace(",", ", ").replace("  ", " "))
    if not found:
        return None
    name = _SAME_TYPES.get(found["type"], found["type"])
    return name, int(found["length"] or 0), int(found["scale"] or 0)


def _json(revision: Revision, _: Run) -> Iterator[Hit]:
    added = [(placed, table, action.column) for placed, table, action in revision.actions(AddColumn)]
    made = [(placed, one.table, column) for placed, one in revision.each(CreateTable) for column in one.columns]
    for placed, table, column in (*added, *made):
        if column.type == "JSON":
            yield Hit(
                placed,
                f"Column {table}.{column.name} is json, which has no equality: SELECT DISTINCT, GROUP BY and UNION "
                "over it fail, and it cannot be indexed",
                "Make it jsonb (sqlalchemy.dialects.postgresql.JSONB)",
                (),
            )


RULES: Final = (
    Rule("required-column", Level.ERROR, _required, by_size=True),
    Rule("column-rewrites-table", Level.ERROR, _volatile, by_size=True, only="postgresql"),
    Rule("set-not-null-scans", Level.ERROR, _set_not_null, by_size=True, only="postgresql"),
    Rule("type-change", Level.ERROR, _change_type, by_size=True, only="postgresql"),
    Rule("json-column", Level.WARNING, _json, only="postgresql"),
)
