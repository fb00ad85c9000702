"""Copies of the checkout: one for each kind of database, or one on SQLite where the database does not matter.

A test module below tests/database says `pytest_plugins = ["support.checkout_fixtures"]`.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.checkout import Checkout, checkout_on_postgresql, checkout_on_sqlite
from support.servers import Server


@pytest.fixture(params=["pg15", "pg18", "sqlite"])
def checkout(request: pytest.FixtureRequest, servers: Callable[[int], Server], tmp_path: Path) -> Iterator[Checkout]:
    folder = tmp_path / "checkout"
    if request.param == "sqlite":
        made = checkout_on_sqlite(folder)
    else:
        made = checkout_on_postgresql(folder, servers(int(request.param.removeprefix("pg"))))
    with made as checkout:
        yield checkout


@pytest.fixture
def checkout_sqlite(tmp_path: Path) -> Iterator[Checkout]:
    with checkout_on_sqlite(tmp_path / "checkout") as checkout:
        yield checkout
