"""The actions of ALTER TABLE."""

from collections.abc import Iterator
from typing import Final

from revgate.migration.lint.columns import is_constraint, read_column, read_constraint, spelled
from revgate.migration.lint.reader import Name, Reader
from revgate.migration.lint.statements import (
    Action,
    AddColumn,
    AddConstraint,
    AlterTable,
    ChangeType,
    Constraint,
    DropColumn,
    DropConstraint,
    Kind,
    MoveSchema,
    OtherAction,
    Rename,
    SetNotNull,
    ValidateConstraint,
)

_REWRITING: Final = frozenset({"LOGGED", "UNLOGGED", "TABLESPACE", "ACCESS"})
_GENTLE: Final = frozenset({"CLUSTER", "ATTACH"})


def read_alter_table(reader: Reader, what: str) -> AlterTable:
    """Return what follows ALTER TABLE, or ALTER VIEW and the like."""
    reader.takes("IF", "EXISTS")
    reader.takes("ONLY")
    table = reader.name()
    reader.takes_sign("*")
    actions = tuple(action for part in reader.parts(reader.rest) for action in _actions(part))
    return AlterTable(table, actions, what)


def _actions(reader: Reader) -> Iterator[Action]:
    match reader.step().word:
        case "ADD":
            yield from _add(reader)
        case "DROP":
            yield _drop(reader)
        case "ALTER":
            yield _alter_column(reader)
        case "RENAME":
            yield _rename(reader)
        case "VALIDATE":
            reader.takes("CONSTRAINT")
            yield ValidateConstraint(reader.identifier())
        case "SET":
            yield _set(reader)
        case "ENABLE" | "DISABLE":  # row level security takes the whole table, a trigger does not
            is_trigger = any(token.word == "TRIGGER" for token in reader.rest)
            yield OtherAction("ENABLE", is_exclusive=not is_trigger, can_repeat=True)
        case word:
            yield OtherAction(word, is_exclusive=word not in _GENTLE)


def _add(reader: Reader) -> Iterator[Action]:
    if not is_constraint(reader):
        reader.takes("COLUMN")
        if_not_exists = reader.takes("IF", "NOT", "EXISTS")
        yield from _add_column(AddColumn(read_column(reader), if_not_exists))
        return
    constraint = read_constraint(reader)
    if constraint is not None:
        yield AddConstraint(constraint)


def _add_column(action: AddColumn) -> Iterator[Action]:
    """Yield the column, and the constraints in its line whose check has rows to read."""
    column = action.column
    yield action
    if column.is_unique:
        yield AddConstraint(Constraint(Kind.UNIQUE, columns=(column.name,)))
    if column.has_check:
        yield AddConstraint(Constraint(Kind.CHECK, columns=(column.name,)))
    if column.references is not None:
        is_null = not column.default and not column.is_generated  # then PostgreSQL has nothing to look up
        foreign = Constraint(
            Kind.FOREIGN_KEY, columns=(column.name,), references=column.references, is_not_valid=is_null
        )
        yield AddConstraint(foreign)


def _drop(reader: Reader) -> Action:
    is_constraint = reader.takes("CONSTRAINT")
    if not is_constraint:
        reader.takes("COLUMN")
    if_exists = reader.takes("IF", "EXISTS")
    name, cascade = reader.identifier(), reader.takes("CASCADE")
    return DropConstraint(name, if_exists, cascade) if is_constraint else DropColumn(name, if_exists, cascade)


def _alter_column(reader: Reader) -> Action:
    if reader.takes("CONSTRAINT"):
        return OtherAction("ALTER CONSTRAINT")
    reader.takes("COLUMN")
    column = reader.identifier()
    if reader.takes("TYPE") or reader.takes("SET", "DATA", "TYPE"):
        type_ = spelled(reader.until("COLLATE", "USING"))
        return ChangeType(column, type_, has_using=bool(reader.until("USING")) or reader.peek().word == "USING")
    if reader.takes("SET", "NOT", "NULL"):
        return SetNotNull(column)
    word, what = reader.step().word, reader.step()
    gentle = what.word == "STATISTICS" or what.text == "("
    repeats = word in {"SET", "DROP"} and what.word in {"DEFAULT", "NOT", "STATISTICS", "STORAGE"}
    return OtherAction(f"ALTER COLUMN {word} {what.word}", is_exclusive=not gentle, can_repeat=repeats)


def _rename(reader: Reader) -> Action:
    if reader.takes("CONSTRAINT"):
        return OtherAction("RENAME CONSTRAINT")
    if reader.takes("TO"):
        return Rename(reader.identifier())
    reader.takes("COLUMN")
    column = reader.identifier()
    reader.takes("TO")
    return Rename(reader.identifier(), column)


def _set(reader: Reader) -> Action:
    if reader.takes("SCHEMA"):
        return MoveSchema(reader.identifier())
    what = reader.step()
    return OtherAction(
        f"SET {what.text.upper()}",
        rewrites=what.word in _REWRITING,
        is_exclusive=what.word != "STATISTICS" and what.text != "(",
        can_repeat=True,
    )


def table_moved(statement: AlterTable, action: Action) -> Name | None:
    """Return the name that a table has after an action; None when it keeps its own."""
    if isinstance(action, Rename) and not action.column:
        return Name(statement.table.schema, action.to)
    if isinstance(action, MoveSchema):
        return Name("" if action.schema == "public" else action.schema, statement.table.name)
    return None
