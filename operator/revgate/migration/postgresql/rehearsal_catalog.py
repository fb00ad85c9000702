"""What a rehearsal asks the two databases: which tables are there, how many rows, and which settings a session gets."""

from collections.abc import Mapping
from typing import Final

import psycopg

from revgate.contract import names
from revgate.migration.history import History
from revgate.migration.postgresql.catalog_sql import LEAVES, ROWS
from revgate.migration.rehearsal.result import Table
from revgate.migration.rehearsal.trace import Relation

_USERS: Final = "c.relkind IN ('r', 'p', 'm', 'f') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'"
_RELATIONS: Final = (
    "SELECT c.oid::bigint, n.nspname, c.relname, c.relfilenode::bigint FROM pg_class c "  # noqa: S608  a constant
    f"JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_USERS}"
)
_ROWS: Final = f"""
    SELECT n.nspname, c.relname, sizes.rows FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    CROSS JOIN LATERAL (
        SELECT {ROWS} AS rows FROM {LEAVES} AS leaf JOIN pg_class AS part ON part.oid = leaf.relid
    ) AS sizes WHERE {_USERS}
"""  # noqa: S608  a constant
_SETTINGS: Final = (
    "SELECT name, setting FROM pg_settings WHERE source IN ('database', 'user', 'database user') AND context = 'user' "
    "AND name !~ '_timeout$|^tcp_|^application_name$|^client_'"
)


def relations(connection: psycopg.Connection, history: History) -> dict[int, Relation]:
    """Return the tables that are there by oid, without those that Alembic and we keep."""
    ours = {
        (history.schema, history.table),
        (history.schema, names.LEDGER_TABLE_BESIDE),
        (names.LEDGER_SCHEMA, names.LEDGER_TABLE),
    }
    found = connection.execute(_RELATIONS).fetchall()
    return {oid: Relation(Table(schema, name), file) for oid, schema, name, file in found if (schema, name) not in ours}


def rows_of_tables(connection: psycopg.Connection) -> dict[Table, int | None]:
    """Return how many rows each table has by the server's estimate, which costs no lock; None for one never counted."""
    return {Table(schema, name): rows for schema, name, rows in connection.execute(_ROWS).fetchall()}


def session_settings(connection: psycopg.Connection) -> Mapping[str, str]:
    """Return what the database and the user have set for every session, such as a search_path."""
    return dict(connection.execute(_SETTINGS).fetchall())
