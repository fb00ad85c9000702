"""A database of one of two runners, and what one sees of it from outside."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa

from support.servers import Database, Server

_ASYNC = {"postgresql+psycopg": "postgresql+asyncpg", "sqlite": "sqlite+aiosqlite"}
_OURS = ("revgate", "revgate_revision_log")

_COLUMNS = """
    SELECT table_schema, table_name, ordinal_position, column_name, data_type, is_nullable, column_default
    FROM information_schema.columns WHERE table_schema NOT IN ('pg_catalog', 'information_schema', 'revgate')
"""
_INDEXES = "SELECT schemaname, tablename, indexdef FROM pg_indexes WHERE schemaname NOT IN ('pg_catalog', 'revgate')"
_CONSTRAINTS = """
    SELECT n.nspname, c.conname, pg_get_constraintdef(c.oid)
    FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace
    WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'revgate')
"""
_FILE = "SELECT type, name, sql FROM sqlite_master WHERE tbl_name <> 'revgate_revision_log'"
_DISCONNECT = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_SCHEMAS = "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_|^information_schema$'"
_LOCKED = """
    SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


@dataclass(frozen=True)
class Side:
    """One database."""

    url: sa.URL
    database: Database | None = None
    seen: psycopg.Connection | None = None  # looks at it from outside

    @property
    def name(self) -> str:
        return self.url.get_backend_name()

    @property
    def place(self) -> str:
        """Return what a log may call it."""
        return str(self.url.database)

    @property
    def text(self) -> str:
        return self.url.render_as_string(hide_password=False)

    @property
    def async_text(self) -> str:
        return self.url.set(drivername=_ASYNC[self.url.drivername]).render_as_string(hide_password=False)

    def engine(self) -> sa.Engine:
        return sa.create_engine(self.url, poolclass=sa.NullPool)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        if self.seen is not None:
            cursor = self.seen.execute(statement)
            return cursor.fetchall() if cursor.description else []
        with closing(sqlite3.connect(str(self.url.database), isolation_level=None)) as connection:
            return connection.execute(statement).fetchall()

    def schema(self) -> list[tuple[Any, ...]]:
        """Return all that revisions have made, but for the ledger: what one can compare."""
        questions = (_FILE,) if self.name == "sqlite" else (_COLUMNS, _INDEXES, _CONSTRAINTS)
        return sorted((_ordered(row) for question in questions for row in self.query(question)), key=repr)

    def heads(self, table: str = "alembic_version") -> list[str]:
        if not any(table.rpartition(".")[2] in row for row in self.schema()):
            return []
        return [row[0] for row in self.query(f"SELECT version_num FROM {table} ORDER BY 1")]

    def made(self) -> set[str]:
        """Return which tables of the revisions exist."""
        words = {str(word) for row in self.schema() for word in row}
        return {word for word in words if word.startswith("t_") and "_pkey" not in word}

    def ledger(self) -> dict[str, str]:
        table = "revgate_revision_log" if self.name == "sqlite" else "revgate.revision_log"
        return {row[0]: row[1] for row in self.query(f"SELECT revision, state FROM {table} ORDER BY 1")}

    def clear(self) -> None:
        """Drop all that a test has left, whoever is still connected."""
        self.query(_DISCONNECT)
        for (schema,) in self.query(_SCHEMAS):
            self.query(f'DROP SCHEMA "{schema}" CASCADE')
        self.query("CREATE SCHEMA public")

    def is_locked(self) -> bool:
        """Whether a runner holds the lock of a history just now."""
        if self.name == "sqlite":
            return Path(f"{self.url.database}.migrate.lock").exists()
        return self.query(_LOCKED) != [(0,)]

    def is_untouched(self) -> bool:
        return (self.name == "sqlite" and not Path(str(self.url.database)).exists()) or self.schema() == []


def _ordered(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return a row with the lines of SQL sorted: Alembic's batches write constraints in the order of a set."""
    return tuple(tuple(sorted(map(_bare, str(one).split("\n")))) if "\n" in str(one) else one for one in row)


def _bare(line: str) -> str:
    return line.strip(" ,\t")


def in_file(path: Path) -> Side:
    return Side(sa.URL.create("sqlite", database=str(path)))


@contextmanager
def on_server(server: Server) -> Iterator[Side]:
    database = server.new_database()
    try:
        with closing(database.connect()) as seen:
            yield Side(sa.make_url(database.sqlalchemy_url), database, seen)
    finally:
        server.drop_database(database)
