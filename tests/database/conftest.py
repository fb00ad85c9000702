"""Databases for tests: `database` on both majors, `database15` for what takes long."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from support.servers import MAJORS, Database, Server


@pytest.fixture(scope="session", params=MAJORS, ids=[f"pg{major}" for major in MAJORS])
def server(request: pytest.FixtureRequest, servers: Callable[[int], Server]) -> Server:
    return servers(request.param)


@pytest.fixture(scope="session")
def server15(servers: Callable[[int], Server]) -> Server:
    return servers(15)


@pytest.fixture
def database(server: Server) -> Iterator[Database]:
    with _fresh(server) as fresh:
        yield fresh


@pytest.fixture
def database15(server15: Server) -> Iterator[Database]:
    with _fresh(server15) as fresh:
        yield fresh


@contextmanager
def _fresh(server: Server) -> Iterator[Database]:
    server.start()  # a test may have left it down
    database = server.new_database()
    try:
        yield database
    finally:
        server.drop_database(database)
