"""Where an example keeps its tables: PostgreSQL 15, PostgreSQL 18, or a file of SQLite."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from support.servers import Database, Server


@dataclass(frozen=True)
class Place:
    """A database of a test's own, with the URL that a blocking and the one that an async app is given."""

    url: str
    async_url: str
    query: Callable[[str], list[tuple]]

    @property
    def tables(self) -> set[str]:
        """The tables in the database, Alembic's own left out."""
        source = "sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        return {name for (name,) in self.query(f"SELECT name FROM {source}")} - {"alembic_version"}

    @property
    def versions(self) -> list[tuple]:
        return self.query("SELECT version_num FROM alembic_version")


@dataclass(frozen=True)
class Postgresql(Place):
    """One on a server."""

    database: Database
    server: Server

    @property
    def tables(self) -> set[str]:
        source = "pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        return {name for (name,) in self.query(f"SELECT relname FROM {source}")} - {"alembic_version"}

    @property
    def connections(self) -> int:
        statement = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{self.database.name}'"
        return self.server.query(statement)[0][0]

    def with_password(self, password: str, url: str) -> str:
        return url.replace(quote(self.database.password, ""), password)

    @contextmanager
    def away(self) -> Iterator[None]:
        """Let nobody in while the block runs, and throw out whoever is in."""
        self._let_in("false")
        self.server.query(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{self.database.name}'"
        )
        try:
            yield
        finally:
            self._let_in("true")

    def _let_in(self, answer: str) -> None:
        self.server.query(f'ALTER DATABASE "{self.database.name}" ALLOW_CONNECTIONS {answer}')


@contextmanager
def on_server(server: Server) -> Iterator[Postgresql]:
    database = server.new_database()
    url = database.sqlalchemy_url
    try:
        yield Postgresql(url, url.replace("+psycopg:", "+asyncpg:", 1), database.query, database, server)
    finally:
        server.drop_database(database)


@contextmanager
def in_file(path: Path) -> Iterator[Place]:
    def query(statement: str) -> list[tuple]:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            return connection.execute(statement).fetchall()

    yield Place(f"sqlite:///{path}", f"sqlite+aiosqlite:///{path}", query)
