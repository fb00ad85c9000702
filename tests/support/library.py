"""An engine of each kind in front of a database of a test's own, and what one sees of it from outside.

Its fixtures are in library_fixtures.
"""

import asyncio
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from revgate import MigrationRunner
from support.ledger import snapshot
from support.servers import Database

ALL = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008")
POSTGRESQL = ("psycopg", "psycopg_async", "asyncpg", *(("psycopg2",) if find_spec("psycopg2") else ()))
SQLITE = ("pysqlite", "aiosqlite", "memory")
ASYNC = ("psycopg_async", "asyncpg", "aiosqlite")
KINDS = (*POSTGRESQL, *SQLITE)
_OURS = ("alembic_version", "revgate_revision_log")


def answer(value: Any) -> Any:
    """Return what a runner's method answers, awaited where its engine is async."""
    return asyncio.run(value) if inspect.iscoroutine(value) else value


@dataclass
class Place:
    """A database as one kind of engine reaches it."""

    kind: str
    url: sa.URL
    seen: sa.Engine = field(repr=False)  # looks at it from outside

    @property
    def is_postgresql(self) -> bool:
        return self.kind in POSTGRESQL

    def engine(self, **options: Any) -> Any:
        """Return a new engine of this kind; in memory there is only one."""
        if self.kind == "memory":
            return self.seen
        make: Callable[..., Any] = create_async_engine if self.kind in ASYNC else sa.create_engine
        return make(self.url, **options)

    def runner(self, config: Path | str | None = None, **options: Any) -> "Calls":
        return Calls(MigrationRunner(self.engine(), config, **options))

    def tables(self) -> list[str]:
        """Return the tables that revisions made."""
        return sorted(set(sa.inspect(self.seen).get_table_names()) - set(_OURS))

    def everything(self) -> list[str]:
        """Return all tables, those of Alembic and of the ledger, too."""
        looked = sa.inspect(self.seen)
        schemas = [None, "revgate"] if self.is_postgresql else [None]
        return sorted(f"{schema or ''}.{name}" for schema in schemas for name in looked.get_table_names(schema))

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        with self.seen.connect() as connection:
            result = connection.exec_driver_sql(statement)
            rows = [tuple(row) for row in result] if result.returns_rows else []
            connection.commit()
            return rows

    def heads(self) -> list[str]:
        if "alembic_version" not in sa.inspect(self.seen).get_table_names():
            return []
        return [row[0] for row in self.query("SELECT version_num FROM alembic_version ORDER BY 1")]

    def ledger(self) -> dict[str, str]:
        """Return revision and state, as the ledger has them."""
        table = "revgate.revision_log" if self.is_postgresql else "revgate_revision_log"
        return {row[0]: row[1] for row in self.query(f"SELECT revision, state FROM {table} ORDER BY 1")}

    def snapshot(self) -> list[tuple]:
        return snapshot(self.seen)


class Calls:
    """A runner whose methods answer at once, whatever its engine is."""

    def __init__(self, runner: Any) -> None:
        self.runner = runner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.runner, name)
        return (lambda *given, **named: answer(found(*given, **named))) if callable(found) else found

    def hook(self, kind: str, function: Callable[..., object]) -> None:
        """Register a hook: before_upgrade, after_upgrade, before_revision or after_revision."""
        getattr(self.runner, kind)(function)


def postgresql_place(kind: str, database: Database) -> Place:
    driver = kind.removesuffix("_async")
    url = sa.make_url(database.url).set(drivername=f"postgresql+{driver}")
    return Place(kind, url, sa.create_engine(database.sqlalchemy_url, poolclass=sa.NullPool))


def sqlite_place(kind: str, folder: Path) -> Place:
    if kind == "memory":
        engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool, connect_args={"check_same_thread": False})
        return Place(kind, engine.url, engine)
    url = sa.URL.create(f"sqlite+{kind}", database=str(folder / "library.db"))
    return Place(kind, url, sa.create_engine(url.set(drivername="sqlite+pysqlite"), poolclass=sa.NullPool))


def runs_of(runner: Calls) -> list[tuple[str, str]]:
    """Return the revisions of the last run, each with its direction."""
    return [(run.revision, run.direction) for run in runner.last_result.revisions]


def is_async(engine: object) -> bool:
    return isinstance(engine, AsyncEngine)
