"""The ledger's table: where it is, and how it comes to be.

It is the map beside the version table, which alone is the truth: one row for every revision ever known here, with
its parents, so that gates and older images can find the way from a head that they have never heard of.
"""

from dataclasses import dataclass
from typing import Final

import psycopg
import structlog
from psycopg import errors, sql

from revgate.contract import names
from revgate.migration.catalog import catalog_held
from revgate.migration.history import History, schema_exists, table_exists
from revgate.migration.session import first_value
from revgate.migration.wording import first_line

_RIGHTS: Final = "SELECT, INSERT, UPDATE"
_COLUMNS: Final = """
    version_table_schema text NOT NULL,
    version_table text NOT NULL,
    revision text NOT NULL,
    parents text NOT NULL,
    checksum text NOT NULL,
    floor text NOT NULL DEFAULT '',
    state text NOT NULL CHECK (state IN ('applied', 'recorded', 'reverted')),
    started_at timestamptz,
    finished_at timestamptz,
    image text NOT NULL DEFAULT '',
    job text NOT NULL DEFAULT '',
    owner text NOT NULL DEFAULT '',
    runner text NOT NULL DEFAULT '',
    PRIMARY KEY (version_table_schema, version_table, revision)
"""


@dataclass(frozen=True, slots=True)
class Ledger:
    """Where the rows of one history are."""

    schema: str
    table: str
    history: History

    @property
    def identifier(self) -> sql.Identifier:
        """Return the table's qualified name."""
        return sql.Identifier(self.schema, self.table)

    @property
    def key(self) -> dict[str, str]:
        """Return the values of the columns that tell one history from another."""
        return {"schema": self.history.schema, "table": self.history.table}


def find_ledger(connection: psycopg.Connection, history: History) -> Ledger | None:
    """Return the ledger that this user can write to, or None when there is none yet."""
    for ledger in (_own(history), _beside(history)):
        if table_exists(connection, ledger.schema, ledger.table) and _usable(connection, ledger):
            return ledger
    return None


def create_ledger(connection: psycopg.Connection, history: History) -> Ledger:
    """Create the ledger: in its own schema, or beside the version table where that is not allowed."""
    try:
        return _create(connection, _own(history), with_schema=True)
    except (errors.InsufficientPrivilege, errors.ReadOnlySqlTransaction) as error:
        structlog.get_logger().info("ledger_beside_version_table", problem=first_line(error))
        return _create(connection, _beside(history), with_schema=False)


def _own(history: History) -> Ledger:
    return Ledger(names.LEDGER_SCHEMA, names.LEDGER_TABLE, history)


def _beside(history: History) -> Ledger:
    return Ledger(history.schema, names.LEDGER_TABLE_BESIDE, history)


def _usable(connection: psycopg.Connection, ledger: Ledger) -> bool:
    # has_table_privilege with several rights means any of them; INSERT is the one that a mere reader lacks
    query = "SELECT has_schema_privilege(%(s)s, 'USAGE') AND has_table_privilege(%(t)s, 'INSERT')"
    values = {"s": ledger.schema, "t": ledger.identifier.as_string(connection)}
    return bool(first_value(connection, query, values))


def _create(connection: psycopg.Connection, ledger: Ledger, *, with_schema: bool) -> Ledger:
    """Create the table in a transaction; runners of other histories may be doing the same."""
    with catalog_held(connection):
        if with_schema and not schema_exists(connection, ledger.schema):
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(ledger.schema)))
        if not table_exists(connection, ledger.schema, ledger.table):
            connection.execute(sql.SQL("CREATE TABLE {} ({})").format(ledger.identifier, sql.SQL(_COLUMNS)))
        elif not _usable(connection, ledger):
            raise errors.InsufficientPrivilege(f"no right to write to {ledger.schema}.{ledger.table}")
    return ledger
