"""Two databases of a kind, one for revgate and one for plain Alembic, and a process that is as it was afterwards."""

import logging
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from environments.side import Side, in_file, on_server
from support.servers import Server


@pytest.fixture(scope="session")
def pair(servers: Callable[[int], Server]) -> Iterator[tuple[Side, Side]]:
    """Give two databases of one server, which is much quicker than two for each test."""
    with on_server(servers(15)) as ours, on_server(servers(15)) as plain:
        yield ours, plain


@pytest.fixture(params=["postgresql", "sqlite"])
def sides(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Side, Side]:
    """Give a database to revgate, and one to plain Alembic; there is nothing in them."""
    if request.param == "sqlite":
        return in_file(tmp_path / "ours.db"), in_file(tmp_path / "plain's.db")
    ours, plain = request.getfixturevalue("pair")
    ours.clear()
    plain.clear()
    return ours, plain


@pytest.fixture(autouse=True)
def process(tmp_path: Path) -> Iterator[None]:
    """Forget what a project has brought into this process: Alembic puts its folder on the path of modules."""
    path, environment, handlers = sys.path[:], dict(os.environ), logging.getLogger().handlers[:]
    yield
    sys.path[:] = path
    os.environ.clear()
    os.environ.update(environment)
    logging.getLogger().handlers[:] = handlers
    for logger in list(logging.Logger.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger):
            logger.disabled = False  # plain Alembic leaves them as fileConfig has made them
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]
