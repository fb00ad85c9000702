"""The ledger's table in PostgreSQL: where it is, how it comes to be, and what is in it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg import errors, sql

from revgate.contract import names
from revgate.contract.serves import Edge
from revgate.migration.history import History
from revgate.migration.ledger import COLUMNS, FLOORED, READ, RECORDED, Provenance, edges_of, key_of, values_of
from revgate.migration.output.log import get_logger
from revgate.migration.output.wording import first_line
from revgate.migration.postgresql import readers as rights
from revgate.migration.postgresql.catalog import catalog_held
from revgate.migration.postgresql.place import LedgerPlace
from revgate.migration.postgresql.session import first_value
from revgate.migration.postgresql.tables import schema_exists, table_exists
from revgate.migration.project.revisions import Known

_PARAMETER: Final = re.compile(r":(\w+)")


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

    def edges(self) -> dict[str, Edge]:
        """Return every revision that was ever known in this history and not reverted, by its id."""
        return edges_of(self.connection.execute(self._statement(READ), key_of(self.history)).fetchall())

    def record_known(self, known: Iterable[Known], provenance: Provenance) -> None:
        """Write down revisions that were applied before there was a ledger."""
        values = [values_of(self.history, one, provenance) for one in known]
        with self.connection.transaction(), self.connection.cursor() as cursor:
            for statement in (RECORDED, FLOORED):
                cursor.executemany(self._statement(statement), values)

    def lacks_readers(self, readers: Sequence[str]) -> bool:
        """Say whether a reader lacks a right that this user can give."""
        return bool(rights.missing_rights(self.connection, self.place, readers))

    def grant(self, readers: Sequence[str]) -> None:
        """Let the readers read, as far as this user has the right to say so."""
        rights.grant(self.connection, self.place, readers)

    def _statement(self, statement: str) -> sql.Composed:
        return sql.SQL(_PARAMETER.sub(r"%(\1)s", statement)).format(self.place.identifier)


def find_ledger(connection: psycopg.Connection, history: History) -> PostgresLedger | None:
    """Return the ledger that this user can write to, or None when there is none yet."""
    for place in (_own(history), _beside(history)):
        if table_exists(connection, place.schema, place.table) and _usable(connection, place):
            return PostgresLedger(connection, place)
    return None


def create_ledger(connection: psycopg.Connection, history: History) -> PostgresLedger:
    """Create the ledger: in its own schema, or beside the version table where that is not allowed."""
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


def _usable(connection: psycopg.Connection, place: LedgerPlace) -> bool:
    # has_table_privilege with several rights means any of them; INSERT is the one that a mere reader lacks
    query = "SELECT has_schema_privilege(%(s)s, 'USAGE') AND has_table_privilege(%(t)s, 'INSERT')"
    values = {"s": place.schema, "t": place.identifier.as_string(connection)}
    return bool(first_value(connection, query, values))


def _create(connection: psycopg.Connection, place: LedgerPlace, *, with_schema: bool) -> LedgerPlace:
    """Create the table in a transaction; runners of other histories may be doing the same."""
    columns = sql.SQL(COLUMNS.format(moment="timestamptz"))
    with catalog_held(connection):
        if with_schema and not schema_exists(connection, place.schema):
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(place.schema)))
        if not table_exists(connection, place.schema, place.table):
            connection.execute(sql.SQL("CREATE TABLE {} ({})").format(place.identifier, columns))
        elif not _usable(connection, place):
            raise errors.InsufficientPrivilege(f"no right to write to {place.schema}.{place.table}")
    return place
