"""Indexes that PostgreSQL does not use: what a failed or killed CREATE INDEX CONCURRENTLY has left."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg import sql

from revgate.migration.doctor import Check, ok, problem, warning
from revgate.migration.postgresql.catalog_sql import BUILDS

_INVALID: Final = f"""
    SELECT n.nspname, c.relname, t.oid::regclass::text, c.relkind = 'I', i.indisunique, b.pid
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_class t ON t.oid = i.indrelid
    LEFT JOIN LATERAL (SELECT p.pid FROM pg_stat_progress_create_index p WHERE {BUILDS} LIMIT 1) b ON true
    WHERE NOT i.indisvalid AND c.relpersistence <> 't'
    ORDER BY 1, 2
"""  # noqa: S608  a constant
_LEFT_BY_REINDEX: Final = re.compile(r"_cc(new|old)[0-9]*\Z")


@dataclass(frozen=True, slots=True)
class InvalidIndex:
    """One of them."""

    schema: str
    name: str
    table: str  # quoted, and qualified where need be
    is_partitioned: bool = False
    is_unique: bool = False
    builder: int | None = None  # the pid of whoever builds it now


def check_indexes(connection: psycopg.Connection) -> Iterator[Check]:
    """Yield a check for every invalid index, or one that says that there is none."""
    found = [InvalidIndex(*row) for row in connection.execute(_INVALID).fetchall()]
    if not found:
        yield ok("indexes", "No index is invalid")
    yield from map(check_index, found)


def check_index(index: InvalidIndex) -> Check:
    """Say what to do about an index; pure."""
    name = sql.Identifier(index.schema, index.name).as_string()
    if index.builder is not None:
        return warning("indexes", f"Index {name} on {index.table} is being built by pid {index.builder}: wait for it")
    if index.is_partitioned:
        return warning(
            "indexes",
            f"Index {name} on {index.table} lacks an index of some partition: create it there, then "
            f"ALTER INDEX {name} ATTACH PARTITION with its name",
        )
    costs = "costs every write and serves no query" + (", nor keeps duplicates out" if index.is_unique else "")
    return problem("indexes", f"Index {name} on {index.table} is invalid, it {costs}: {_remedy(index, name)}")


def _remedy(index: InvalidIndex, name: str) -> str:
    if _LEFT_BY_REINDEX.search(index.name):  # the index that it was to replace is there and valid
        return f"DROP INDEX CONCURRENTLY {name}"
    first = "remove the duplicates, then " if index.is_unique else ""
    return f"{first}REINDEX INDEX CONCURRENTLY {name}, or DROP INDEX CONCURRENTLY {name} and run its revision again"
