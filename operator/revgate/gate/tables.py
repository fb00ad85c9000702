"""The statements of a look: which tables are there, and what the version table says.

No transaction, parameter, setting or prepared statement, so a transaction pooler may stand between.
"""

from __future__ import annotations

from revgate.contract import names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.gate.connection import Connection

_FIND = """
SELECT n.nspname, c.relname,
  coalesce(has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'), false)::text
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND """


class Table:
    """A table that exists, and whether this user may read it."""

    def __init__(self, schema: str, name: str, *, readable: bool) -> None:
        self.schema = schema
        self.name = name
        self.readable = readable

    @property
    def identifier(self) -> str:
        """What a statement calls it."""
        return f"{identifier(self.schema)}.{identifier(self.name)}"

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


def find(connection: Connection, schema: str, name: str) -> Table | None:
    """Return the table of that schema, or the one that search_path finds when the schema is empty."""
    if schema:
        condition = f"(n.nspname, c.relname) = ({literal(schema)}, {literal(name)})"
    else:
        condition = f"c.oid = to_regclass(quote_ident({literal(name)}))"
    return next(_found(connection, condition), None)


def find_ledgers(connection: Connection, table: Table) -> Iterator[Table]:
    """Yield the ledgers that may know a version table: the one in its own schema, then the one beside the table."""
    for place in ((names.LEDGER_SCHEMA, names.LEDGER_TABLE), (table.schema, names.LEDGER_TABLE_BESIDE)):
        found = find(connection, *place)
        if found is not None:
            yield found


def of_history(table: Table) -> str:
    """Return the condition of a ledger's rows that are of one version table and not reverted."""
    return (
        f"version_table_schema = {literal(table.schema)} AND version_table = {literal(table.name)} "
        "AND state <> 'reverted'"
    )


def heads_of(connection: Connection, table: Table) -> tuple[str, ...]:
    """Return the rows of a version table, sorted."""
    rows = connection.rows(f"SELECT version_num FROM {table.identifier}")  # noqa: S608 - quoted by identifier()
    return tuple(sorted(row[0] for row in rows if row[0] is not None))


def literal(text: str) -> str:
    """Return the text as a literal that means the same whatever standard_conforming_strings says."""
    quoted = text.replace("'", "''")
    return f"E'{quoted}'".replace("\\", "\\\\") if "\\" in text else f"'{quoted}'"


def identifier(name: str) -> str:
    """Return the name as an identifier."""
    return '"{}"'.format(name.replace('"', '""'))


def _found(connection: Connection, condition: str) -> Iterator[Table]:
    for schema, name, readable in connection.rows(_FIND + condition):
        yield Table(schema or "", name or "", readable=readable == "true")
