"""A hook, or a revision, that calls a runner itself: it gets an answer or a refusal, and never hangs."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from revgate import MigrationRunner
from revgate.migration.errors import HookFailed, RevisionFailed
from support.library import Place, answer, is_async, sqlite_place
from support.library_project import Project, make_project

pytest_plugins = ["support.library_fixtures"]
pytestmark = pytest.mark.timeout(60)

COURSES: dict[str, Callable[[Any], Any]] = {
    "upgrade_to_head": lambda runner: runner.upgrade_to_head(),
    "upgrade_to_version": lambda runner: runner.upgrade_to_version("a2"),
    "downgrade": lambda runner: runner.downgrade(target="base"),
    "stamp": lambda runner: runner.stamp("a2"),
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "app").chain("a1", "a2")


def hooked(place: Place, project: Project, kind: str, hook: Callable[[Any], Any]) -> MigrationRunner[Any, Any]:
    """Return a runner with a hook that calls the same runner, each as its engine wants it."""
    engine = place.engine()
    runner: Any = MigrationRunner(engine, project.config, lock_wait=30)

    async def later() -> None:
        await hook(runner)

    getattr(runner, kind)(later if is_async(engine) else lambda: hook(runner))
    return runner


@pytest.mark.parametrize("kind", ["before_upgrade", "before_revision", "after_revision"])
@pytest.mark.parametrize("course", ["upgrade_to_head", "stamp"])
def test_a_hook_that_migrates_the_same_database_is_refused_at_once(
    few: Place, project: Project, kind: str, course: str
):
    runner = hooked(few, project, kind, COURSES[course])
    with pytest.raises(HookFailed, match=r"called a runner.* which would wait for it for ever"):
        answer(runner.upgrade_to_head())
    assert few.heads() == (["a1"] if kind == "after_revision" else [])


@pytest.mark.parametrize("course", COURSES)
@pytest.mark.parametrize("kind", ["before_upgrade", "before_revision"])
def test_no_course_at_all_may_be_begun_in_a_hook(file: Place, project: Project, kind: str, course: str):
    file.runner(project.config).upgrade_to_version("a1")
    with pytest.raises(HookFailed, match="called a runner"):
        hooked(file, project, kind, COURSES[course]).upgrade_to_head()
    assert file.heads() == ["a1"]


@pytest.mark.parametrize("course", ["upgrade_to_head", "downgrade"])
def test_after_the_upgrade_a_hook_may_call_what_it_likes(few: Place, project: Project, course: str):
    left: list[int] = [1]

    def once(runner: Any) -> Any:
        return COURSES[course](runner) if left and left.pop() else runner.inspect()

    answer(hooked(few, project, "after_upgrade", once).upgrade_to_head())
    assert few.heads() == ([] if course == "downgrade" else ["a2"])


@pytest.mark.parametrize("kind", ["before_upgrade", "before_revision", "after_revision", "after_upgrade"])
def test_a_hook_may_ask_where_the_database_is(few: Place, project: Project, kind: str):
    asked: list[tuple[Any, Any]] = []

    def ask(runner: Any) -> Any:
        if not is_async(runner._engine):
            asked.append((runner.get_current_version(), runner.get_pending_migrations()))
            return None

        async def later() -> None:
            asked.append((await runner.get_current_version(), await runner.get_pending_migrations()))

        return later()

    answer(hooked(few, project, kind, ask).upgrade_to_head())
    none, one, both = (None, ["a1", "a2"]), ("a1", ["a2"]), ("a2", [])
    expected = {
        "before_upgrade": [none],
        "before_revision": [none, one],
        "after_revision": [one, both],
        "after_upgrade": [both],
    }
    assert asked == expected[kind]


def test_a_hook_before_the_upgrade_may_migrate_another_database(few: Place, project: Project, tmp_path: Path):
    other = sqlite_place("pysqlite", tmp_path)
    other.url = other.url.set(database=str(tmp_path / "first.db"))
    runner = few.runner(project.config)
    runner.hook("before_upgrade", lambda: other.runner(project.config).upgrade_to_version("a1"))
    runner.upgrade_to_head()
    assert few.heads() == ["a2"]
    assert other.runner(project.config).get_current_version() == "a1"


def test_a_revision_that_calls_a_runner_is_refused(file: Place, tmp_path: Path):
    up = f"""
    import revgate
    revgate.MigrationRunner(sa.create_engine({file.url.render_as_string()!r})).upgrade_to_head()
    """
    project = make_project(tmp_path / "app").add("a1", None, up)
    with pytest.raises((RevisionFailed, HookFailed), match="called a runner"):
        file.runner(project.config).upgrade_to_head()
    assert file.heads() == []


def test_what_a_hook_has_started_may_migrate_when_the_run_is_over(async_place: Place, project: Project):
    async def application() -> None:
        started: list[asyncio.Task[None]] = []
        gate = asyncio.Event()
        runner: Any = MigrationRunner(async_place.engine(), project.config)

        async def watch() -> None:
            await gate.wait()
            await runner.downgrade(target="base")

        @runner.before_revision
        async def start() -> None:
            if not started:
                started.append(asyncio.create_task(watch()))

        await runner.upgrade_to_head()
        gate.set()
        await started[0]

    asyncio.run(application())
    assert async_place.heads() == []
