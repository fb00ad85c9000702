"""The ledger's table in PostgreSQL: where it is, how it comes to be, and what is in it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import errors, sql

from revgate.contract import names
from revgate.contract.serves import Edge
from revgate.migration.errors import LedgerUnusable
from revgate.migration.history import History
from revgate.migration.ledger import ANY, COLUMNS, PARAMETER, READ, Batch, key_of, rows_of
from revgate.migration.output.log import get_logger
from revgate.migration.output.wording import first_line
from revgate.migration.postgresql import readers as rights
from revgate.migration.postgresql.catalog import catalog_held
from revgate.migration.postgresql.place import LedgerPlace
from revgate.migration.postgresql.session import first_value
from revgate.migration.postgresql.tables import schema_exists, table_exists
from revgate.migration.recorded import Row, edges_of


@dataclass(frozen=True, slots=True)
class PostgresLedger:
    """The rows of one history, on the session that holds its lock or only reads."""

    connection: psycopg.Connection
    place: LedgerPlace

    @property
    def history(self) -> History:
        """Return whose rows these are."""
        return self.place.history

    @property
    def name(self) -> str:
        """Return the table's qualified and quoted name."""
        return self.place.identifier.as_string(self.connection)

    def rows(self) -> dict[str, Row]:
        """Return every row of this history, by its revision."""
        try:
            return rows_of(self.connection.execute(self.statement(READ), key_of(self.history)).fetchall())
        except errors.UndefinedColumn as error:
            raise LedgerUnusable.because(self.name, first_line(error)) from error

    def edges(self) -> dict[str, Edge]:
        """Return every revision that was ever known in this history and not reverted, by its id."""
        return edges_of(self.rows())

    def write(self, batches: Iterable[Batch]) -> None:
        """Execute the statements in one transaction."""
        with self.connection.transaction(), self.connection.cursor() as cursor:
            for statement, values in batches:
                cursor.executemany(self.statement(statement), values)

    def lacks_readers(self, readers: Sequence[str]) -> bool:
        """Say whether a reader lacks a right that this user can give."""
        return bool(rights.missing_rights(self.connection, self.place, readers))

    def grant(self, readers: Sequence[str]) -> None:
        """Let the readers read, as far as this user has the right to say so."""
        rights.grant(self.connection, self.place, readers)

    def statement(self, statement: str) -> sql.SQL:
        """Return one of the ledger's statements about this table, with psycopg's parameters."""
        name = self.name.replace("%", "%%")  # psycopg would read it as a parameter
        return sql.SQL(PARAMETER.sub(r"%(\1)s", statement).format(name))


def find_ledger(connection: psycopg.Connection, history: History, *, reads_only: bool = False) -> PostgresLedger | None:
    """Return the ledger that this user can write to, or read, or None when there is none yet.

    Of two it is the one that has rows of this history: it was begun when the other was not there, or not for us.
    """
    right = "SELECT" if reads_only else "INSERT"
    places = [
        place
        for place in (_own(history), _beside(history))
        if table_exists(connection, place.schema, place.table) and _usable(connection, place, right)
    ]
    if len(places) > 1:
        places.sort(key=lambda place: not _has_rows(connection, place))
    return PostgresLedger(connection, places[0]) if places else None


def create_ledger(connection: psycopg.Connection, history: History) -> PostgresLedger:
    """Create the ledger where there is none: in its own schema, or beside the version table if that is not allowed."""
    found = find_ledger(connection, history)
    if found is not None:
        return found
    try:
        place = _create(connection, _own(history), with_schema=True)
    except (errors.InsufficientPrivilege, errors.ReadOnlySqlTransaction) as error:
        get_logger().info("ledger_beside_version_table", problem=first_line(error))
        place = _create(connection, _beside(history), with_schema=False)
    return PostgresLedger(connection, place)


def _own(history: History) -> LedgerPlace:
    return LedgerPlace(names.LEDGER_SCHEMA, names.LEDGER_TABLE, history)


def _beside(history: History) -> LedgerPlace:
    return LedgerPlace(history.schema, names.LEDGER_TABLE_BESIDE, history)


def _usable(connection: psycopg.Connection, place: LedgerPlace, right: str) -> bool:
    query = "SELECT has_schema_privilege(%(s)s, 'USAGE') AND has_table_privilege(%(t)s, %(right)s)"
    values = {"s": place.schema, "t": place.identifier.as_string(connection), "right": right}
    return bool(first_value(connection, query, values))


def _has_rows(connection: psycopg.Connection, place: LedgerPlace) -> bool:
    ledger = PostgresLedger(connection, place)
    return connection.execute(ledger.statement(ANY), key_of(place.history)).fetchone() is not None


def _create(connection: psycopg.Connection, place: LedgerPlace, *, with_schema: bool) -> LedgerPlace:
    """Create the table in a transaction; runners of other histories may be doing the same."""
    columns = sql.SQL(COLUMNS.format(moment="timestamptz"))
    with catalog_held(connection):
        if with_schema and not schema_exists(connection, place.schema):
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(place.schema)))
        if not table_exists(connection, place.schema, place.table):
            connection.execute(sql.SQL("CREATE TABLE {} ({})").format(place.identifier, columns))
        elif not _usable(connection, place, "INSERT"):
            raise errors.InsufficientPrivilege(f"no right to write to {place.schema}.{place.table}")
    return place
