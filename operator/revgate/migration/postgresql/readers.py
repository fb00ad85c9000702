"""Who may read what a gate reads: the ledger, and the version table that it is the map of."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg import errors, sql

from revgate.migration.errors import InvalidOptions
from revgate.migration.output.log import get_logger
from revgate.migration.postgresql.catalog import catalog_held
from revgate.migration.postgresql.place import LedgerPlace
from revgate.migration.postgresql.tables import table_exists

PUBLIC: Final = "PUBLIC"


@dataclass(frozen=True, slots=True)
class Right:
    """One right that a reader needs: SELECT on a table or, where `table` is empty, USAGE of the schema."""

    schema: str
    table: str = ""

    @property
    def verb(self) -> str:
        """Return what is granted."""
        return "SELECT" if self.table else "USAGE"

    @property
    def kind(self) -> str:
        """Return what it is granted on."""
        return "table" if self.table else "schema"

    def name(self, connection: psycopg.Connection) -> str:
        """Return the name as PostgreSQL's functions about rights take it: a table's quoted, a schema's not."""
        return sql.Identifier(self.schema, self.table).as_string(connection) if self.table else self.schema

    def statement(self, reader: str) -> sql.Composed:
        """Return the GRANT for a reader."""
        role = sql.SQL(PUBLIC) if _is_public(reader) else sql.Identifier(reader)
        name = sql.Identifier(self.schema, self.table) if self.table else sql.Identifier(self.schema)
        return sql.SQL("GRANT {} ON {} {} TO {}").format(sql.SQL(self.verb), sql.SQL(self.kind.upper()), name, role)


def missing_rights(
    connection: psycopg.Connection, ledger: LedgerPlace, readers: Sequence[str]
) -> tuple[tuple[str, Right], ...]:
    """Return what readers lack and this user can give: reader and right.

    Raises:
        InvalidOptions: naming a role that the server does not have.
    """
    wanted = [(reader, right) for reader in readers for right in _rights(connection, ledger)]
    return tuple((reader, right) for reader, right in wanted if _lacks(connection, reader, right))


def grant(connection: psycopg.Connection, ledger: LedgerPlace, readers: Sequence[str]) -> None:
    """Let the readers read, as far as this user has the right to say so."""
    if not missing_rights(connection, ledger, readers):
        return
    with catalog_held(connection):
        _grant(connection, missing_rights(connection, ledger, readers))


def _grant(connection: psycopg.Connection, missing: Iterable[tuple[str, Right]]) -> None:
    for reader, right in missing:
        connection.execute(right.statement(reader))
        get_logger().info("reader_granted", reader=reader, right=right.verb, on=right.name(connection))


def _rights(connection: psycopg.Connection, ledger: LedgerPlace) -> Iterator[Right]:
    history = ledger.history
    yield Right(ledger.schema)
    yield Right(ledger.schema, ledger.table)
    if table_exists(connection, history.schema, history.table):
        yield Right(history.schema)
        yield Right(history.schema, history.table)


def _lacks(connection: psycopg.Connection, reader: str, right: Right) -> bool:
    query = sql.SQL(
        "SELECT NOT has_{kind}_privilege(%(role)s, %(name)s, %(verb)s)"
        " AND has_{kind}_privilege(%(name)s, %(verb)s || ' WITH GRANT OPTION')"
    ).format(kind=sql.SQL(right.kind))
    role = "public" if _is_public(reader) else reader
    values: Mapping[str, object] = {"role": role, "name": right.name(connection), "verb": right.verb}
    try:
        row = connection.execute(query, values).fetchone()
    except errors.UndefinedObject as error:
        raise InvalidOptions(
            f"Ledger reader {reader} is no role of this server: create it, or change the readers"
        ) from error
    return bool(row and row[0])


def _is_public(reader: str) -> bool:
    return reader.upper() == PUBLIC
