"""The compatibility package, installed from its wheel, and one database of each kind for a test."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from documents.places import ASYNC, PLACES, WAYS, Place, Way, postgresql_place, sqlite_place
from support.ledger import URL_VARIABLES
from support.servers import Server

PACKAGE = Path(__file__).parents[2] / "examples/py_accountant"


def pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    subprocess.run(command, check=True, timeout=120)


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of py_accountant, in a folder that pip can install from."""
    source = tmp_path_factory.mktemp("py_accountant") / "source"
    folder = tmp_path_factory.mktemp("wheels")
    shutil.copytree(PACKAGE, source)  # a build leaves folders behind; links are followed
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(source))
    return folder


@pytest.fixture(scope="session", autouse=True)
def installed(wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder where py_accountant is installed, for this process and for those that blocks start."""
    folder = tmp_path_factory.mktemp("installed")
    pip("install", "--no-deps", "--no-index", "--find-links", str(wheels), "--target", str(folder), "py-accountant")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        patch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)
        for name in (*URL_VARIABLES, "ALEMBIC_CONFIG", "REVGATE_DATABASE_URL"):
            patch.delenv(name, raising=False)
        yield folder


@pytest.fixture
def new_place(servers: Callable[[int], Server], tmp_path: Path) -> Iterator[Callable[[str], Place]]:
    """Give a new database of a kind; it is dropped when the test ends."""
    with ExitStack() as stack:

        def of(name: str) -> Place:
            folder = tmp_path / f"at-{name}"
            folder.mkdir(exist_ok=True)
            if name == "sqlite":
                return sqlite_place(folder)
            server = servers(int(name.removeprefix("pg")))
            database = server.new_database()
            stack.callback(server.drop_database, database)
            return postgresql_place(server, database, folder)

        yield of


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, new_place: Callable[[str], Place]) -> Place:
    return new_place(request.param)


@pytest.fixture(params=PLACES[:2])
def postgresql(request: pytest.FixtureRequest, new_place: Callable[[str], Place]) -> Place:
    return new_place(request.param)


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, new_place: Callable[[str], Place]) -> Way:
    name, _, driver = request.param.partition("-")
    return Way(new_place(name), driver)


@pytest.fixture(params=[way for way in WAYS if way.partition("-")[2] in ASYNC])
def async_way(request: pytest.FixtureRequest, new_place: Callable[[str], Place]) -> Way:
    name, _, driver = request.param.partition("-")
    return Way(new_place(name), driver)


@pytest.fixture(params=[way for way in WAYS if way.partition("-")[2] not in ASYNC])
def sync_way(request: pytest.FixtureRequest, new_place: Callable[[str], Place]) -> Way:
    name, _, driver = request.param.partition("-")
    return Way(new_place(name), driver)
