"""A project that includes revgate's tables, on each database.

A test module says `pytest_plugins = ["support.including_fixtures"]`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.including import Host, make_host
from support.servers import Server


@pytest.fixture(params=["pg15", "pg18", "sqlite"])
def host(request: pytest.FixtureRequest, servers: Callable[[int], Server], tmp_path: Path) -> Iterator[Host]:
    """The project, on each database in turn."""
    with _on(request.param, servers, tmp_path) as made:
        yield made


@pytest.fixture(params=["pg18", "sqlite"])
def any_host(request: pytest.FixtureRequest, servers: Callable[[int], Server], tmp_path: Path) -> Iterator[Host]:
    """The project on either kind of database, for what no version of PostgreSQL does differently."""
    with _on(request.param, servers, tmp_path) as made:
        yield made


@pytest.fixture
def host15(servers: Callable[[int], Server], tmp_path: Path) -> Iterator[Host]:
    with _on("pg15", servers, tmp_path) as made:
        yield made


@pytest.fixture
def sqlite_host(servers: Callable[[int], Server], tmp_path: Path) -> Iterator[Host]:
    with _on("sqlite", servers, tmp_path) as made:
        yield made


@contextmanager
def _on(where: str, servers: Callable[[int], Server], folder: Path) -> Iterator[Host]:
    if where == "sqlite":
        yield make_host(folder / "host", f"sqlite:///{folder / 'host.db'}")
        return
    server = servers(int(where.removeprefix("pg")))
    server.start()  # a test may have left it down
    database = server.new_database()
    try:
        yield make_host(folder / "host", database.sqlalchemy_url)
    finally:
        server.drop_database(database)
