"""Every example meets PostgreSQL 15, PostgreSQL 18 and SQLite."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from examples.place import Place, Postgresql, in_file, on_server
from support.servers import MAJORS, Server


@pytest.fixture(params=[*MAJORS, "sqlite"], ids=["pg15", "pg18", "sqlite"])
def place(request: pytest.FixtureRequest, servers: Callable[[int], Server], tmp_path: Path) -> Iterator[Place]:
    """Give each kind of database in turn."""
    with in_file(tmp_path / "ledger.db") if request.param == "sqlite" else on_server(servers(request.param)) as made:
        yield made


@pytest.fixture
def postgresql(servers: Callable[[int], Server]) -> Iterator[Postgresql]:
    """Give one PostgreSQL, for what is the same on all."""
    with on_server(servers(15)) as made:
        yield made
