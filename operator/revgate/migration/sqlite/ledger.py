"""The ledger's table in SQLite, beside the version table."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from revgate.contract import names
from revgate.contract.serves import Edge
from revgate.migration.errors import LedgerUnusable
from revgate.migration.history import History
from revgate.migration.ledger import COLUMNS, READ, Batch, key_of, rows_of
from revgate.migration.recorded import Row, edges_of

_TABLE: Final = names.LEDGER_TABLE_BESIDE


@dataclass(frozen=True, slots=True)
class SqliteLedger:
    """The rows of one history."""

    connection: sqlite3.Connection
    history: History

    @property
    def name(self) -> str:
        """Return the table's name."""
        return _TABLE

    def rows(self) -> dict[str, Row]:
        """Return every row of this history, by its revision."""
        try:
            return rows_of(self.connection.execute(READ.format(_TABLE), key_of(self.history)))
        except sqlite3.OperationalError as error:
            if "no such column" not in str(error):
                raise
            raise LedgerUnusable.because(_TABLE, str(error)) from error

    def edges(self) -> dict[str, Edge]:
        """Return every revision that was ever known in this history and not reverted, by its id."""
        return edges_of(self.rows())

    def write(self, batches: Iterable[Batch]) -> None:
        """Execute the statements in one transaction."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            for statement, values in batches:
                self.connection.executemany(statement.format(_TABLE), values)
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def lacks_readers(self, readers: Sequence[str]) -> bool:  # noqa: ARG002  whoever reads the file reads the ledger
        """Say no: SQLite has no rights."""
        return False

    def grant(self, readers: Sequence[str]) -> None:
        """Do nothing: SQLite has no rights."""


def find_ledger(connection: sqlite3.Connection, history: History) -> SqliteLedger | None:
    """Return the ledger, or None when there is none yet."""
    return SqliteLedger(connection, history) if table_exists(connection, _TABLE) else None


def create_ledger(connection: sqlite3.Connection, history: History) -> SqliteLedger:
    """Create the ledger where it is missing."""
    connection.execute(f"CREATE TABLE IF NOT EXISTS {_TABLE} ({COLUMNS.format(moment='timestamp')})")
    return SqliteLedger(connection, history)


def has_other_tables(connection: sqlite3.Connection, history: History) -> bool:
    """Whether there are tables beside the version table, the ledger and SQLite's own."""
    query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name NOT IN (?, ?) AND name NOT LIKE 'sqlite_%'"
    return connection.execute(query, (history.table, _TABLE)).fetchone() is not None


def read_heads(connection: sqlite3.Connection, history: History) -> tuple[str, ...]:
    """Return the sorted rows of the version table; none when there is no such table yet."""
    if not table_exists(connection, history.table):
        return ()
    quoted = history.table.replace('"', '""')
    rows = connection.execute(f'SELECT version_num FROM "{quoted}"').fetchall()  # noqa: S608  quoted
    return tuple(sorted(row[0] for row in rows))


def table_exists(connection: sqlite3.Connection, table: str) -> bool:
    """Whether the database has a table or view of that name."""
    query = "SELECT 1 FROM sqlite_master WHERE name = ? COLLATE NOCASE AND type IN ('table', 'view')"
    return connection.execute(query, (table,)).fetchone() is not None
