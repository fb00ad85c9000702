"""The version table and the schemas, as PostgreSQL's catalog shows them."""

import psycopg
from psycopg import sql

from revgate.contract import names
from revgate.migration.history import History
from revgate.migration.postgresql.catalog import catalog_held


def read_heads(connection: psycopg.Connection, history: History) -> tuple[str, ...]:
    """Return the sorted rows of the version table; none when there is no such table yet."""
    if not table_exists(connection, history.schema, history.table):
        return ()
    table = sql.Identifier(history.schema, history.table)
    rows = connection.execute(sql.SQL("SELECT version_num FROM {}").format(table)).fetchall()
    return tuple(sorted(row[0] for row in rows))


def table_exists(connection: psycopg.Connection, schema: str, table: str) -> bool:
    """Whether the schema has a table of that name."""
    found = connection.execute(
        "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = %s AND c.relname = %s AND c.relkind IN ('r', 'p', 'v', 'f')",
        (schema, table),
    )
    return found.fetchone() is not None


def other_tables(connection: psycopg.Connection, history: History) -> int:
    """Return how many tables the version table's schema has beside it and the ledger."""
    found = connection.execute(
        "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = %s AND c.relkind IN ('r', 'p') AND c.relname <> ALL (%s)",
        (history.schema, [history.table, names.LEDGER_TABLE_BESIDE]),
    ).fetchone()
    return int(found[0]) if found else 0


def ensure_schema(connection: psycopg.Connection, history: History) -> None:
    """Create the version table's schema when it is missing: Alembic creates the table only."""
    if schema_exists(connection, history.schema):
        return
    with catalog_held(connection):
        if not schema_exists(connection, history.schema):
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(history.schema)))


def schema_exists(connection: psycopg.Connection, schema: str) -> bool:
    """Whether the database has a schema of that name."""
    return connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (schema,)).fetchone() is not None
