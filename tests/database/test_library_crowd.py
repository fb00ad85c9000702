"""Fifty at once: threads and tasks of one process on fifty databases, and on one; nothing ends up elsewhere."""

import asyncio
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from revgate import MigrationRunner
from support.library import ALL, Place, postgresql_place, sqlite_place
from support.library_project import Project, make_project
from support.servers import Server

pytest_plugins = ["support.library_fixtures"]
pytestmark = pytest.mark.timeout(240)

CROWD = 50


def own_project(folder: Path, number: int) -> Project:
    """Return a project with tables of its own, so that a revision that ran elsewhere would show."""
    project, down = make_project(folder / f"app{number}"), None
    for step in (1, 2):
        make = f"op.create_table('own_{number}_{step}', sa.Column('id', sa.Integer, primary_key=True))"
        project.add(f"a{step}", down, make, f"op.drop_table('own_{number}_{step}')")
        down = f"a{step}"
    return project


@pytest.fixture(scope="module")
def fifty_databases(server15: Server) -> Iterator[list[Place]]:
    databases = [server15.new_database() for _ in range(CROWD)]
    yield [postgresql_place("psycopg", database) for database in databases]
    for database in databases:
        server15.drop_database(database)


def fifty_files(folder: Path) -> list[Place]:
    folders = [folder / f"d{number}" for number in range(CROWD)]
    for each in folders:
        each.mkdir()
    return [sqlite_place("pysqlite", each) for each in folders]


def every_one_is_right(places: list[Place]) -> None:
    for number, place in enumerate(places):
        assert place.tables() == [f"own_{number}_1", f"own_{number}_2"], number
        assert (place.heads(), place.ledger()) == (["a2"], {"a1": "applied", "a2": "applied"}), number


def nothing_is_left(places: list[Place]) -> None:
    assert [(place.tables(), place.heads()) for place in places] == [([], [])] * CROWD


def in_fifty_threads(places: list[Place], folder: Path) -> None:
    projects = [own_project(folder, number) for number in range(CROWD)]

    def migrate(number: int) -> list[str]:
        engine = places[number].engine(poolclass=sa.NullPool)
        runner = MigrationRunner(engine, projects[number].config)
        runner.upgrade_to_head()
        assert runner.last_result is not None
        return [run.revision for run in runner.last_result.revisions]

    def undo(number: int) -> None:
        places[number].runner(projects[number].config).downgrade(target="base")

    with ThreadPoolExecutor(CROWD) as threads:
        assert list(threads.map(migrate, range(CROWD))) == [["a1", "a2"]] * CROWD
        every_one_is_right(places)
        list(threads.map(undo, range(CROWD)))
    nothing_is_left(places)


def in_fifty_tasks(places: list[Place], driver: str, folder: Path) -> None:
    projects = [own_project(folder, number) for number in range(CROWD)]

    engines = [create_async_engine(place.url.set(drivername=driver)) for place in places]
    runners = [MigrationRunner(engine, project.config) for engine, project in zip(engines, projects, strict=True)]

    async def application() -> None:
        await asyncio.gather(*[runner.upgrade_to_head() for runner in runners])
        every_one_is_right(places)
        await asyncio.gather(*[runner.downgrade(target="base") for runner in runners])

    asyncio.run(application())
    nothing_is_left(places)


def test_fifty_threads_on_fifty_databases(fifty_databases: list[Place], tmp_path: Path):
    in_fifty_threads(fifty_databases, tmp_path)


def test_fifty_tasks_on_fifty_databases(fifty_databases: list[Place], tmp_path: Path):
    in_fifty_tasks(fifty_databases, "postgresql+asyncpg", tmp_path)


def test_fifty_threads_on_fifty_files(tmp_path: Path):
    in_fifty_threads(fifty_files(tmp_path), tmp_path)


def test_fifty_tasks_on_fifty_files(tmp_path: Path):
    in_fifty_tasks(fifty_files(tmp_path), "sqlite+aiosqlite", tmp_path)


def test_fifty_threads_on_one_database(few: Place, tmp_path: Path):
    project = make_project(tmp_path / "app").chain("a1", "a2")
    applied: list[str] = []

    def new() -> Any:
        runner = few.runner(project.config)
        runner.hook("before_revision", applied.append)
        return runner

    shared = new()

    def migrate(number: int) -> str:
        runner = shared if number % 2 else new()
        runner.upgrade_to_head()
        return runner.get_current_version()

    with ThreadPoolExecutor(CROWD) as threads:
        assert set(threads.map(migrate, range(CROWD))) == {"a2"}
    assert (applied, few.heads(), few.ledger()) == (["a1", "a2"], ["a2"], {"a1": "applied", "a2": "applied"})


def test_many_threads_on_one_database_in_memory(tmp_path: Path):
    place = sqlite_place("memory", tmp_path)
    project = make_project(tmp_path / "app").chain("a1", "a2", "a3")
    applied: list[str] = []

    def migrate(number: int) -> str | None:
        runner = place.runner(project.config)
        runner.hook("before_revision", applied.append)
        if number % 2:
            runner.upgrade_to_head()
        return runner.get_current_version()

    with ThreadPoolExecutor(CROWD) as threads:
        found = list(threads.map(migrate, range(CROWD)))
    assert set(found[1::2]) == {"a3"}
    assert set(found[::2]) <= {None, "a3"}
    assert (applied, place.heads()) == (["a1", "a2", "a3"], ["a3"])


def test_ups_and_downs_of_many_leave_a_state_that_is_one(few: Place, tmp_path: Path):
    project = make_project(tmp_path / "app").chain("a1", "a2", "a3")

    def move(number: int) -> None:
        runner = few.runner(project.config)
        if number % 2:
            runner.downgrade(target="base")
        else:
            runner.upgrade_to_head()

    with ThreadPoolExecutor(10) as threads:
        list(threads.map(move, range(10)))
    applied = sorted(revision for revision, state in few.ledger().items() if state == "applied")
    assert few.tables() == [f"t_{revision}" for revision in applied]
    assert few.heads() == applied[-1:]
    few.runner(project.config).upgrade_to_head()
    assert few.tables() == ["t_a1", "t_a2", "t_a3"]


def test_threads_that_ask_leave_the_warnings_of_the_process_alone(tmp_path: Path):
    places = fifty_files(tmp_path)[:5]
    before = (warnings.filters[:], warnings.showwarning, warnings._showwarnmsg_impl)  # type: ignore[attr-defined]

    def ask(number: int) -> str | None:
        return places[number % 5].runner().get_current_version()

    with ThreadPoolExecutor(20) as threads:
        assert set(threads.map(ask, range(100))) == {None}
    assert (warnings.filters, warnings.showwarning, warnings._showwarnmsg_impl) == before  # type: ignore[attr-defined]


def test_bundled_and_own_revisions_at_once_do_not_mix(tmp_path: Path):
    places = fifty_files(tmp_path)[:10]
    project = make_project(tmp_path / "app").chain("a1")

    def migrate(number: int) -> None:
        places[number].runner(project.config if number % 2 else None).upgrade_to_head()

    with ThreadPoolExecutor(10) as threads:
        list(threads.map(migrate, range(10)))
    assert [place.heads() for place in places] == [[ALL[-1]], ["a1"]] * 5
    assert all(place.tables() == ["t_a1"] for place in places[1::2])
    assert all(place.snapshot() == places[0].snapshot() for place in places[::2])
