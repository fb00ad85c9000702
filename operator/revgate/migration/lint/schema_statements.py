"""Statements that make, drop or change what holds the rows."""

from revgate.migration.lint.altering import read_alter_table
from revgate.migration.lint.columns import columns, is_constraint, read_column, read_constraint
from revgate.migration.lint.reader import Reader
from revgate.migration.lint.statements import (
    AddEnumValue,
    Column,
    Constraint,
    CreateIndex,
    CreateTable,
    CreateType,
    CreateView,
    Drop,
    DropIndex,
    Other,
    Reindex,
    RenameEnumValue,
    Statement,
)


def read_create(reader: Reader) -> Statement:
    """Return what follows CREATE."""
    or_replace = reader.takes("OR", "REPLACE")
    while reader.takes_one_of("GLOBAL", "LOCAL", "TEMP", "TEMPORARY", "UNLOGGED", "RECURSIVE", "VIRTUAL", "FOREIGN"):
        continue
    if reader.takes("MATERIALIZED", "VIEW") or reader.takes("TABLE"):
        return _create_table(reader)
    if reader.takes("UNIQUE", "INDEX") or reader.takes("INDEX"):
        return _create_index(reader)
    if reader.takes("VIEW"):
        reader.takes("IF", "NOT", "EXISTS")
        return CreateView(reader.name(), or_replace)
    if reader.takes("TYPE"):
        return CreateType(reader.name())
    what = reader.step().word
    return Other(f"CREATE {what}", can_repeat=or_replace or reader.takes("IF", "NOT", "EXISTS"))


def _create_table(reader: Reader) -> CreateTable:
    if_not_exists = reader.takes("IF", "NOT", "EXISTS")
    table = reader.name()
    found: list[Column] = []
    constraints: list[Constraint] = []
    for part in reader.parts(reader.bracket()):
        if is_constraint(part):
            constraint = read_constraint(part)
            constraints += [constraint] if constraint else []
        elif part.peek().word != "LIKE":
            found.append(read_column(part))
    return CreateTable(table, tuple(found), tuple(constraints), if_not_exists)


def _create_index(reader: Reader) -> CreateIndex:
    concurrently = reader.takes("CONCURRENTLY")
    if_not_exists = reader.takes("IF", "NOT", "EXISTS")
    name = "" if reader.peek().word == "ON" else reader.name().name
    reader.takes("ON")
    reader.takes("ONLY")
    table = reader.name()
    if reader.takes("USING"):
        reader.identifier()
    keys = columns(reader, reader.bracket())
    where = [token.word for token in reader.until("WHERE") + reader.rest]
    # An index of all rows but those without a key is as good as a whole one
    partial = "WHERE" in where and where[where.index("WHERE") + 2 :] != ["IS", "NOT", "NULL"]
    return CreateIndex(name, table, keys, partial, concurrently, if_not_exists)


def read_drop(reader: Reader) -> Statement:
    """Return what follows DROP."""
    if reader.takes("INDEX"):
        concurrently = reader.takes("CONCURRENTLY")
        if_exists = reader.takes("IF", "EXISTS")
        return DropIndex(reader.names(), concurrently, if_exists, reader.takes("CASCADE"))
    what = reader.step().word
    if what in {"MATERIALIZED", "FOREIGN"}:
        what = f"{what} {reader.step().word}"
    if_exists = reader.takes("IF", "EXISTS")
    names = reader.names()
    return Drop(what, names, if_exists, cascade=any(token.word == "CASCADE" for token in reader.rest))


def read_alter(reader: Reader) -> Statement:  # noqa: PLR0911  one for each form
    """Return what follows ALTER."""
    if reader.takes("TABLE"):
        return read_alter_table(reader, "TABLE")
    if reader.takes("MATERIALIZED", "VIEW"):
        return read_alter_table(reader, "MATERIALIZED VIEW")
    if reader.takes("VIEW"):
        return read_alter_table(reader, "VIEW")
    if not reader.takes("TYPE"):
        return Other(f"ALTER {reader.peek().word}")
    name = reader.name()
    if reader.takes("ADD", "VALUE"):
        if_not_exists = reader.takes("IF", "NOT", "EXISTS")
        return AddEnumValue(name, reader.step().value, if_not_exists)
    if reader.takes("RENAME", "VALUE"):
        return RenameEnumValue(name, reader.step().value)
    return Other("ALTER TYPE")


def read_reindex(reader: Reader) -> Reindex:
    """Return what follows REINDEX."""
    options = [token.word for token in reader.bracket()]
    what = reader.takes_one_of("INDEX", "TABLE", "SCHEMA", "DATABASE", "SYSTEM")
    concurrently = reader.takes("CONCURRENTLY") or "CONCURRENTLY" in options
    return Reindex(what, reader.name(), concurrently)
