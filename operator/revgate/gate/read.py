"""One look at the database: a connection of its own, two to four simple statements, and nothing left behind.

No transaction, parameter, setting or prepared statement, so a transaction pooler may stand between; and no connection
is kept while the gate waits, for hundreds of held pods would otherwise take the connections that the app needs.
"""

from collections.abc import Collection, Iterable
from contextlib import closing
from dataclasses import dataclass
from json import loads
from typing import Final

import psycopg
from psycopg import sql

from revgate.contract import names
from revgate.contract.serves import Edge
from revgate.gate.address import Address
from revgate.gate.patience import answer_within
from revgate.gate.reading import Cause, Forbidden, Heads, Ledger, NoTable, Reading, Trouble
from revgate.gate.trouble import trouble_from

# A node that vanished without a word must not hold the gate, and a database in SQL_ASCII would answer in bytes.
_DEFAULTS: Final = {
    "client_encoding": "UTF8",
    "connect_timeout": "5",
    "fallback_application_name": "revgate wait",
    "keepalives_idle": "10",
    "tcp_user_timeout": "15000",
}

_ANSWER_SECONDS: Final = 10.0

_FIND: Final = """
SELECT n.nspname, c.relname,
  coalesce(has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'), false)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND """
_IN_SCHEMA: Final = "(n.nspname, c.relname) = (%s, %s)"
_BY_SEARCH_PATH: Final = "c.oid = to_regclass(quote_ident(%s))"

_ROWS: Final = """
SELECT revision, parents, floor FROM {ledger}
WHERE version_table_schema = %s AND version_table = %s AND state <> 'reverted'"""


@dataclass(frozen=True, slots=True)
class Source:
    """Which history to read, in which database; an empty schema means: wherever search_path finds the table."""

    address: Address
    version_table: str
    version_table_schema: str


@dataclass(frozen=True, slots=True)
class _Table:
    schema: str
    name: str
    readable: bool

    @property
    def identifier(self) -> sql.Identifier:
        return sql.Identifier(self.schema, self.name)

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


def read(source: Source, requires: Collection[str]) -> Reading:
    """Ask the database where it is, and the ledger only when the heads are not what is required."""
    try:
        with closing(_connect(source.address)) as connection:
            return _read_soon(connection, source, requires)
    except psycopg.Error as error:
        return trouble_from(str(error), error.sqlstate, source.address.keywords.get("password", ""))


def _read_soon(connection: psycopg.Connection, source: Source, requires: Collection[str]) -> Reading:
    with answer_within(_ANSWER_SECONDS, connection) as gave_up:
        try:
            return _read(connection, source, requires)
        except psycopg.Error:
            if gave_up.is_set():
                return Trouble(Cause.SILENT, f"no answer within {_ANSWER_SECONDS:g} s")
            raise


def _connect(address: Address) -> psycopg.Connection:
    known = {option.keyword.decode() for option in psycopg.pq.Conninfo.get_defaults()}
    keywords = {key: value for key, value in address.keywords.items() if key in known}  # others are asyncpg's
    return psycopg.connect(
        psycopg.conninfo.make_conninfo("", **_DEFAULTS | keywords),
        autocommit=True,
        prepare_threshold=None,
        cursor_factory=psycopg.ClientCursor,
    )


def _read(connection: psycopg.Connection, source: Source, requires: Collection[str]) -> Reading:
    table = _find_version_table(connection, source)
    if table is None:
        return NoTable(".".join(part for part in (source.version_table_schema, source.version_table) if part))
    if not table.readable:
        return Forbidden(str(table))
    rows = connection.execute(sql.SQL("SELECT version_num FROM {}").format(table.identifier)).fetchall()
    heads = tuple(sorted(str(row[0]) for row in rows))
    if not heads or set(requires) <= set(heads):
        return Heads(str(table), heads)
    return _with_ledger(connection, table, heads)


def _with_ledger(connection: psycopg.Connection, table: _Table, heads: tuple[str, ...]) -> Heads:
    ledgers = _find_ledgers(connection, table)
    for ledger in ledgers:
        edges = _edges(connection, ledger, table) if ledger.readable else ()
        if edges:
            return Heads(str(table), heads, Ledger.READ, str(ledger), {edge.revision: edge for edge in edges})
    forbidden = next((str(ledger) for ledger in ledgers if not ledger.readable), "")
    return Heads(str(table), heads, Ledger.FORBIDDEN if forbidden else Ledger.MISSING, forbidden)


def _edges(connection: psycopg.Connection, ledger: _Table, table: _Table) -> tuple[Edge, ...]:
    statement = sql.SQL(_ROWS).format(ledger=ledger.identifier)
    rows = connection.execute(statement, (table.schema, table.name)).fetchall()
    return tuple(Edge(revision, tuple(loads(parents)), floor or "") for revision, parents, floor in rows)


def _find_version_table(connection: psycopg.Connection, source: Source) -> _Table | None:
    if source.version_table_schema:
        found = _find(connection, _IN_SCHEMA, (source.version_table_schema, source.version_table))
    else:
        found = _find(connection, _BY_SEARCH_PATH, (source.version_table,))
    return next(iter(found), None)


def _find_ledgers(connection: psycopg.Connection, table: _Table) -> tuple[_Table, ...]:
    """Return the ledgers that exist: the one in its own schema, then the one beside the version table."""
    places = ((names.LEDGER_SCHEMA, names.LEDGER_TABLE), (table.schema, names.LEDGER_TABLE_BESIDE))
    return tuple(found for place in places for found in _find(connection, _IN_SCHEMA, place))


def _find(connection: psycopg.Connection, condition: str, parameters: Iterable[str]) -> tuple[_Table, ...]:
    rows = connection.execute(_FIND + condition, tuple(parameters)).fetchall()
    return tuple(_Table(*row) for row in rows)
