"""Async engines: the loop goes on, a task can be cancelled, and many tasks may share a runner."""

import asyncio
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from revgate import MigrationRunner
from support.library import Place, postgresql_place
from support.library_project import Project, make_project
from support.servers import Database

pytest_plugins = ["support.library_fixtures"]
pytestmark = pytest.mark.timeout(90)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "app").chain("a1", "a2")


def taking_long(place: Place) -> str:
    """Return the body of a revision that is at work in SQL for a second or two."""
    if place.is_postgresql:
        return "op.execute('SELECT pg_sleep(1)')"
    return """op.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT max(i) FROM n"
    )"""


def test_the_loop_goes_on_while_a_revision_is_at_work(async_place: Place, tmp_path: Path):
    project = make_project(tmp_path / "app").add("a1", None, taking_long(async_place))
    gaps: list[float] = []

    async def tick() -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.01)
            gaps.append(time.monotonic() - before)

    async def application() -> float:
        ticker = asyncio.create_task(tick())
        began = time.monotonic()
        await MigrationRunner(async_place.engine(), project.config).upgrade_to_head()
        ticker.cancel()
        return time.monotonic() - began

    seconds = asyncio.run(application())
    assert async_place.heads() == ["a1"]
    assert len(gaps) > 10
    assert max(gaps) < max(0.5, seconds / 2), (seconds, sorted(gaps)[-5:])


def test_every_method_gives_something_to_await(async_place: Place, project: Project):

    async def application() -> None:
        runner: Any = MigrationRunner(async_place.engine(), project.config)
        assert await runner.get_current_version() is None
        assert await runner.get_pending_migrations() == ["a1", "a2"]
        assert await runner.upgrade_to_version("a1") is None
        assert await runner.upgrade_to_head() is None
        assert await runner.validate_schema_version("a2") is None
        assert (await runner.inspect()).standing == "reached"
        assert await runner.downgrade() is None
        assert await runner.stamp("a2") is None
        dry: Any = MigrationRunner(async_place.engine(), project.config, dry_run=True)
        assert any("DROP TABLE t_a2" in one for one in await dry.downgrade())

    asyncio.run(application())
    assert async_place.heads() == ["a2"]


def test_a_call_that_is_never_awaited_does_nothing(async_place: Place, project: Project):

    async def application() -> None:
        MigrationRunner(async_place.engine(), project.config).upgrade_to_head().close()

    asyncio.run(application())
    assert async_place.everything() == []


@pytest.mark.parametrize("how", ["cancel", "timeout"])
def test_a_cancelled_task_stops_before_the_next_revision(async_place: Place, project: Project, how: str):
    project.add("a3", "a2")
    entered, go_on = threading.Event(), threading.Event()

    async def application() -> None:
        runner: Any = MigrationRunner(async_place.engine(), project.config)

        @runner.before_revision
        def wait(revision: str) -> None:
            if revision == "a2":
                entered.set()
                assert go_on.wait(60)

        task = asyncio.create_task(runner.upgrade_to_head())
        await asyncio.to_thread(entered.wait, 60)
        if how == "cancel":
            task.cancel()
        else:
            task = asyncio.create_task(asyncio.wait_for(task, 0.01))
        asyncio.get_running_loop().call_later(0.1, go_on.set)
        with pytest.raises((asyncio.CancelledError, TimeoutError)):
            await task
        assert runner.last_result.current == ("a2",)  # the run has ended, and not only the waiting for it

    asyncio.run(application())
    assert (async_place.heads(), async_place.tables()) == (["a2"], ["t_a1", "t_a2"])
    async_place.runner(project.config).upgrade_to_head()
    assert async_place.heads() == ["a3"]
    assert set(async_place.ledger().values()) == {"applied"}


@pytest.mark.timeout(40)
def test_a_task_that_is_cancelled_while_it_waits_for_another_runner_waits_no_longer(
    async_place: Place, project: Project
):
    inside, go_on = threading.Event(), threading.Event()
    holder = async_place.runner(project.config)

    def hold() -> None:
        inside.set()
        assert go_on.wait(60)

    holder.hook("before_upgrade", hold)
    thread = threading.Thread(target=holder.upgrade_to_head)
    thread.start()

    async def application() -> None:
        await asyncio.to_thread(inside.wait, 60)
        runner: Any = MigrationRunner(async_place.engine(), project.config, lock_wait=600)
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(runner.upgrade_to_head(), 0.5)
        assert time.monotonic() - began < 10

    try:
        asyncio.run(application())
        assert async_place.tables() == []
    finally:
        go_on.set()
        thread.join(60)
    assert async_place.heads() == ["a2"]


@pytest.mark.timeout(40)
def test_a_task_that_is_cancelled_between_two_tries_waits_no_longer(database15: Database, tmp_path: Path):
    project = make_project(tmp_path / "app").chain("a1").add("a2", "a1", "op.drop_table('t_a1')")
    place = postgresql_place("asyncpg", database15)
    place.runner(project.config).upgrade_to_version("a1")

    async def application() -> None:
        runner: Any = MigrationRunner(place.engine(), project.config, lock_timeout=0.1, lock_retries=1000)
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(runner.upgrade_to_head(), 4)
        assert time.monotonic() - began < 6

    with closing(database15.connect(autocommit=False)) as other:
        other.execute("SELECT * FROM t_a1")
        asyncio.run(application())
    assert (place.heads(), place.tables()) == (["a1"], ["t_a1"])


def test_many_tasks_may_share_a_runner(async_place: Place, project: Project):
    applied: list[str] = []

    async def application() -> None:
        runner: Any = MigrationRunner(async_place.engine(), project.config)
        runner.before_revision(applied.append)
        calls = [runner.upgrade_to_head() for _ in range(10)]
        questions = [runner.get_current_version() for _ in range(10)]
        found = await asyncio.gather(*calls, *questions)
        assert set(found) <= {None, "a1", "a2"}

    asyncio.run(application())
    assert (applied, async_place.heads()) == (["a1", "a2"], ["a2"])


def test_a_question_is_answered_while_a_migration_is_at_work(async_place: Place, project: Project):
    entered, go_on = threading.Event(), threading.Event()

    async def application() -> None:
        runner: Any = MigrationRunner(async_place.engine(), project.config)

        @runner.before_revision
        def wait(revision: str) -> None:
            if revision == "a2":
                entered.set()
                assert go_on.wait(60)

        task = asyncio.create_task(runner.upgrade_to_head())
        await asyncio.to_thread(entered.wait, 60)
        try:
            async with asyncio.timeout(20):
                assert await runner.get_current_version() == "a1"
                assert await runner.get_pending_migrations() == ["a2"]
        finally:
            go_on.set()
            await task

    asyncio.run(application())
    assert async_place.heads() == ["a2"]


def test_the_engine_of_the_application_stays_usable(async_place: Place, project: Project):
    async def application() -> None:
        engine = async_place.engine(pool_size=1, max_overflow=0)
        async with engine.connect() as busy:  # all that the pool has
            assert (await busy.execute(sa.text("SELECT 1"))).scalar() == 1
            await busy.rollback()
            await MigrationRunner(engine, project.config).upgrade_to_head()
            assert (await busy.execute(sa.text("SELECT count(*) FROM t_a2"))).scalar() == 0
        await engine.dispose()

    asyncio.run(application())
    assert async_place.heads() == ["a2"]
