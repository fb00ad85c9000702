"""Tables as SQLite has them. It keeps no sizes: rows are counted, up to where a table is large anyway."""

from collections.abc import Collection
from typing import Final

import sqlalchemy as sa

from revgate.migration.lint.catalogue import MEDIUM_ROWS, Catalogue, TableFacts
from revgate.migration.lint.reader import Name

_NAMES: Final = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"
_OWNERS: Final = "SELECT name, tbl_name FROM sqlite_master WHERE type = 'index'"


def ask_sqlite(connection: sa.Connection, tables: Collection[Name], indexes: Collection[str]) -> Catalogue:
    """Return what is known about these tables, and about those of these indexes; attached databases are not asked."""
    there = {row[0].lower(): row[0] for row in connection.exec_driver_sql(_NAMES)}
    owners = {row[0].lower(): Name("", row[1].lower()) for row in connection.exec_driver_sql(_OWNERS)}
    own = {one for one in tables if not one.schema}
    return Catalogue(
        tables={one: _facts(connection, there[one.name]) for one in own if one.name in there},
        absent=frozenset(one for one in own if one.name not in there),
        index_tables={index: table for index, table in owners.items() if index in indexes},
    )


def _facts(connection: sa.Connection, name: str) -> TableFacts:
    quoted = '"' + name.replace('"', '""') + '"'
    count = f"SELECT count(*) FROM (SELECT 1 FROM {quoted} LIMIT {MEDIUM_ROWS + 1})"  # noqa: S608  it is quoted
    rows = connection.exec_driver_sql(count).scalar_one()
    columns = connection.exec_driver_sql(f"PRAGMA table_xinfo({quoted})").all()
    return TableFacts(rows=rows, bytes=None, types={column[1].lower(): column[2] for column in columns})
