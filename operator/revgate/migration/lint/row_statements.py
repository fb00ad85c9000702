"""Statements that write, remove, lock or rewrite rows."""

from itertools import pairwise

from revgate.migration.lint.reader import Name, Reader
from revgate.migration.lint.statements import (
    Delete,
    Insert,
    LockTable,
    Other,
    Refresh,
    RewriteTable,
    Statement,
    Truncate,
    Update,
)


def read_truncate(reader: Reader) -> Truncate:
    """Return what follows TRUNCATE."""
    reader.takes("TABLE")
    tables = read_tables(reader)
    return Truncate(tables, cascade=any(token.word == "CASCADE" for token in reader.rest))


def read_tables(reader: Reader) -> tuple[Name, ...]:
    """Return tables with commas between them."""
    found: list[Name] = []
    while True:
        reader.takes("ONLY")
        found.append(reader.name())
        reader.takes_sign("*")
        if not reader.takes_sign(","):
            return tuple(found)


def read_update(reader: Reader) -> Update:
    """Return what follows UPDATE."""
    if reader.takes("OR"):  # SQLite
        reader.step()
    reader.takes("ONLY")
    table = reader.name()
    return Update(table, _is_bounded(reader))


def read_delete(reader: Reader) -> Delete:
    """Return what follows DELETE."""
    reader.takes("FROM")
    reader.takes("ONLY")
    table = reader.name()
    return Delete(table, _is_bounded(reader))


def _is_bounded(reader: Reader) -> bool:
    reader.until("WHERE")
    condition = [token.text.upper() for token in reader.rest[1:]]
    return bool(condition) and condition not in (["TRUE"], ["1"], ["1", "=", "1"])


def read_insert(reader: Reader) -> Statement:
    """Return what follows INSERT, or SQLite's REPLACE."""
    repeats = reader.takes("OR") and reader.step().word in {"IGNORE", "REPLACE"}  # SQLite
    reader.takes("INTO")
    table = reader.name()
    first = reader.until("SELECT", "VALUES", "DEFAULT", "WITH", "TABLE")
    is_select = reader.peek().word in {"SELECT", "WITH", "TABLE"} or any(token.word == "SELECT" for token in first)
    words = [token.word for token in reader.rest]
    return Insert(table, is_select, can_repeat=repeats or ("ON", "CONFLICT") in pairwise(words))


def read_vacuum(reader: Reader) -> Statement:
    """Return what follows VACUUM."""
    options = [token.word for token in reader.bracket()]
    while word := reader.takes_one_of("FULL", "FREEZE", "VERBOSE", "ANALYZE"):
        options.append(word)
    if "FULL" not in options or reader.dialect == "sqlite":
        return Other("VACUUM", can_repeat=True)
    return RewriteTable("VACUUM FULL", read_tables(reader) if reader.has_more else ())


def read_cluster(reader: Reader) -> Statement:
    """Return what follows CLUSTER."""
    reader.bracket()
    reader.takes("VERBOSE")
    table = (reader.name(),) if reader.has_more else ()
    if reader.takes("ON"):  # the old form: CLUSTER index ON table
        table = (reader.name(),)
    return RewriteTable("CLUSTER", table)


def read_lock(reader: Reader) -> LockTable:
    """Return what follows LOCK."""
    reader.takes("TABLE")
    tables = read_tables(reader)
    mode = " ".join(token.word for token in reader.until("MODE") if token.word != "IN") if reader.takes("IN") else ""
    return LockTable(tables, mode or "ACCESS EXCLUSIVE")


def read_refresh(reader: Reader) -> Refresh:
    """Return what follows REFRESH."""
    reader.takes("MATERIALIZED", "VIEW")
    concurrently = reader.takes("CONCURRENTLY")
    return Refresh(reader.name(), concurrently)
