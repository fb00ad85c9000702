"""Tables as PostgreSQL's catalogue has them: sizes from its own estimates, which need no lock.

Only a table that was never vacuumed or analyzed has none; then the files are measured, which waits for nobody longer
than a tenth of a second.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from revgate.migration.lint.catalogue import Catalogue, Index, TableFacts
from revgate.migration.lint.columns import read_constraint
from revgate.migration.lint.reader import Name, Reader, read
from revgate.migration.postgresql.catalog_sql import LEAVES, ROWS

_PATIENCE: Final = ("SET LOCAL lock_timeout = '100ms'", "SET LOCAL statement_timeout = '10s'")
_TABLES: Final = sa.text(
    f"""
    SELECT c.oid, n.nspname, c.relname, pg_table_is_visible(c.oid), sizes.rows, sizes.bytes
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    CROSS JOIN LATERAL (
        SELECT {ROWS} AS rows,
            sum(
                CASE WHEN part.relpages > 0
                THEN (part.relpages + coalesce(toast.relpages, 0))::bigint * current_setting('block_size')::int
                ELSE coalesce(pg_relation_size(part.oid), 0) END
            )::bigint AS bytes
        FROM {LEAVES} AS leaf
        JOIN pg_class AS part ON part.oid = leaf.relid
        LEFT JOIN pg_class AS toast ON toast.oid = part.reltoastrelid
    ) AS sizes
    WHERE c.relname = ANY(CAST(:names AS text[])) AND c.relkind IN ('r', 'p', 'm', 'f', 'v')
    """  # noqa: S608  a constant
)
_COLUMNS: Final = sa.text(
    "SELECT attrelid, attname, format_type(atttypid, atttypmod) FROM pg_attribute "
    "WHERE attrelid = ANY(CAST(:oids AS oid[])) AND attnum > 0 AND NOT attisdropped"
)
_INDEXES: Final = sa.text(
    """
    SELECT i.indrelid, c.relname, ARRAY(
        SELECT coalesce(a.attname::text, '')
        FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, place)
        LEFT JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum AND k.attnum > 0
        WHERE k.place <= i.indnkeyatts
        ORDER BY k.place
    )
    FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
    WHERE i.indrelid = ANY(CAST(:oids AS oid[])) AND i.indisvalid
    AND (i.indpred IS NULL OR pg_get_expr(i.indpred, i.indrelid) LIKE '(% IS NOT NULL)')
    """
)
_CHECKS: Final = sa.text(
    "SELECT conrelid, pg_get_constraintdef(oid) FROM pg_constraint "
    "WHERE conrelid = ANY(CAST(:oids AS oid[])) AND contype = 'c' AND convalidated"
)
_INDEX_TABLES: Final = sa.text(
    """
    SELECT t.oid, n.nspname, t.relname, pg_table_is_visible(t.oid), c.relname
    FROM pg_index AS i
    JOIN pg_class AS c ON c.oid = i.indexrelid
    JOIN pg_class AS t ON t.oid = i.indrelid
    JOIN pg_namespace AS n ON n.oid = t.relnamespace
    WHERE c.relname = ANY(CAST(:names AS text[]))
    """
)


@dataclass(frozen=True, slots=True)
class _Found:
    """A table that the catalogue has."""

    oid: int
    schema: str
    name: str
    is_visible: bool
    rows: int | None
    bytes: int | None


def ask_postgresql(connection: sa.Connection, tables: Collection[Name], indexes: Collection[str]) -> Catalogue:
    """Return what is known about these tables, and about those of these indexes."""
    for setting in _PATIENCE:
        connection.exec_driver_sql(setting)
    rows = connection.execute(_INDEX_TABLES, {"names": list(indexes)}).all()
    owners = {row[4]: Name("" if row[3] or row[1] == "public" else row[1], row[2]) for row in rows}
    wanted = {*tables, *owners.values()}
    found = [_Found(*row) for row in connection.execute(_TABLES, {"names": [one.name for one in wanted]})]
    chosen = {name: one for name in wanted if (one := _chosen(name, found)) is not None}
    facts = _facts(connection, list(chosen.values()))
    anywhere = {one.name for one in found}
    return Catalogue(
        tables={name: facts[one.oid] for name, one in chosen.items()},
        absent=frozenset(name for name in wanted if name not in chosen and (name.schema or name.name not in anywhere)),
        index_tables=owners,
    )


def _chosen(name: Name, found: Iterable[_Found]) -> _Found | None:
    """Return the table that a name means: without a schema, the one that the search path leads to."""
    same = [one for one in found if one.name == name.name]
    if name.schema:
        return next((one for one in same if one.schema == name.schema), None)
    visible = next((one for one in same if one.is_visible), None)
    return visible or next((one for one in same if one.schema == "public"), None)


def _facts(connection: sa.Connection, found: Sequence[_Found]) -> dict[int, TableFacts]:
    oids = {"oids": [one.oid for one in found]}
    types: dict[int, dict[str, str]] = defaultdict(dict)
    for oid, column, type_ in connection.execute(_COLUMNS, oids):
        types[oid][column] = type_
    indexes: dict[int, list[Index]] = defaultdict(list)
    for oid, name, columns in connection.execute(_INDEXES, oids):
        indexes[oid].append(Index(name, tuple(columns)))
    checked = defaultdict(set)
    for oid, definition in connection.execute(_CHECKS, oids):
        checked[oid].add(_not_null(definition))
    return {
        one.oid: TableFacts(
            rows=0 if one.rows is None and one.bytes == 0 else one.rows,
            bytes=one.bytes,
            types=types[one.oid],
            not_null=frozenset(filter(None, checked[one.oid])),
            indexes=tuple(indexes[one.oid]),
        )
        for one in found
    }


def _not_null(definition: Any) -> str:
    constraint = read_constraint(Reader(read(definition, "postgresql"), "postgresql"))
    return constraint.not_null if constraint else ""
