"""One server and one project for everything that is killed here."""

from collections.abc import Callable
from pathlib import Path

import pytest

from faults.history import make_history
from faults.runners import Runners
from support.servers import Server


@pytest.fixture(scope="session")
def server15(servers: Callable[[int], Server]) -> Server:
    return servers(15)


@pytest.fixture
def runners(tmp_path: Path) -> Runners:
    (tmp_path / "logs").mkdir()
    return Runners(make_history(tmp_path / "app").folder, tmp_path / "logs")
