"""A database behind each kind of engine.

A test module says `pytest_plugins = ["support.library_fixtures"]`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.library import ASYNC, KINDS, POSTGRESQL, SQLITE, Place, postgresql_place, sqlite_place
from support.servers import Database, Server

FEW = ("psycopg", "asyncpg", "pysqlite")
"""One engine for each way that a runner goes."""


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, servers: Callable[[int], Server], tmp_path: Path) -> Iterator[Place]:
    """A database behind each kind of engine."""
    with place_of(request.param, servers, tmp_path) as made:
        yield made


@pytest.fixture(params=FEW)
def few(request: pytest.FixtureRequest, servers: Callable[[int], Server], tmp_path: Path) -> Iterator[Place]:
    """A database behind one kind of engine for each way that a runner goes."""
    with place_of(request.param, servers, tmp_path) as made:
        yield made


@pytest.fixture(params=ASYNC)
def async_place(request: pytest.FixtureRequest, servers: Callable[[int], Server], tmp_path: Path) -> Iterator[Place]:
    """A database behind each kind of async engine."""
    with place_of(request.param, servers, tmp_path) as made:
        yield made


@pytest.fixture(params=SQLITE)
def sqlite(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    made = sqlite_place(request.param, tmp_path)
    yield made
    made.seen.dispose()


@pytest.fixture
def file(tmp_path: Path) -> Place:
    """A file of SQLite, and a blocking engine."""
    return sqlite_place("pysqlite", tmp_path)


@pytest.fixture
def postgresql(database15: Database) -> Place:
    """A database of PostgreSQL 15, and a blocking engine of psycopg."""
    return postgresql_place("psycopg", database15)


@contextmanager
def place_of(kind: str, servers: Callable[[int], Server], folder: Path) -> Iterator[Place]:
    """A new database behind an engine of this kind, dropped afterwards."""
    if kind not in POSTGRESQL:
        made = sqlite_place(kind, folder)
        yield made
        made.seen.dispose()
        return
    server = servers(15)
    database = server.new_database()
    try:
        yield postgresql_place(kind, database)
    finally:
        server.drop_database(database)
