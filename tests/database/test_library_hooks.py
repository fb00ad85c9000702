"""Hooks: when they are called, with what, and what an exception in one of them stops."""

import asyncio
from pathlib import Path

import pytest

from revgate import MigrationError, MigrationRunner
from revgate.migration.errors import HookFailed
from support.library import Place, answer, runs_of
from support.library_project import Project, make_project

pytest_plugins = ["support.library_fixtures"]

KINDS = ("before_upgrade", "before_revision", "after_revision", "after_upgrade")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "app").chain("a1", "a2", "a3")


def test_hooks_are_called_in_order_with_what_they_are_about(place: Place, project: Project):
    runner = place.runner(project.config)
    seen: list[tuple[str, object, list[str]]] = []
    for kind in KINDS:
        runner.hook(kind, lambda subject, kind=kind: seen.append((kind, subject, place.heads())))
    runner.upgrade_to_version("a2")
    assert seen == [
        ("before_upgrade", ("a1", "a2"), []),
        ("before_revision", "a1", []),
        ("after_revision", "a1", ["a1"]),
        ("before_revision", "a2", ["a1"]),
        ("after_revision", "a2", ["a2"]),
        ("after_upgrade", ("a2",), ["a2"]),
    ]
    seen.clear()
    runner.upgrade_to_version("a2")
    assert seen == []  # there was nothing to do
    runner.downgrade()
    assert seen == [("before_revision", "a2", ["a2"]), ("after_revision", "a2", ["a1"])]


def test_hooks_may_write_to_the_database(place: Place, project: Project):
    place.query("CREATE TABLE audit (word varchar(40))")
    runner = place.runner(project.config)
    for kind in KINDS:
        runner.hook(kind, lambda kind=kind: place.query(f"INSERT INTO audit VALUES ('{kind}')"))
    runner.upgrade_to_version("a2")
    revision = [("before_revision",), ("after_revision",)]
    expected = [("before_upgrade",), *revision, *revision, ("after_upgrade",)]
    assert (place.query("SELECT word FROM audit"), place.heads()) == (expected, ["a2"])


def test_hooks_may_be_decorated_and_take_nothing_or_one_thing(few: Place, project: Project):
    runner = few.runner(project.config)
    seen: list[object] = []

    @runner.runner.before_upgrade
    def first() -> None:
        seen.append("first")

    @runner.runner.before_upgrade
    async def second(pending: tuple[str, ...]) -> None:
        await asyncio.sleep(0)
        seen.append(pending)

    @runner.runner.after_upgrade
    async def third() -> None:
        seen.append("third")

    @runner.runner.after_revision
    def fourth(revision: str, note: str = "default") -> None:
        seen.append((revision, note))

    class Callable:
        def __call__(self) -> None:
            seen.append("callable")

        async def method(self, heads: tuple[str, ...]) -> None:
            seen.append(heads)

    runner.hook("after_upgrade", Callable())
    runner.hook("after_upgrade", Callable().method)
    assert callable(first)
    runner.upgrade_to_version("a1")
    assert seen == ["first", ("a1",), ("a1", "default"), "third", "callable", ("a1",)]


@pytest.mark.parametrize("kind", ["before_upgrade", "before_revision"])
@pytest.mark.parametrize("flavour", ["blocking", "async"])
def test_an_exception_before_the_upgrade_stops_it_before_the_first_statement(
    few: Place, project: Project, kind: str, flavour: str
):
    runner = few.runner(project.config)

    def refuse() -> None:
        raise ValueError("not on a Friday")

    async def refuse_later() -> None:
        refuse()

    called: list[object] = []
    runner.hook(kind, refuse_later if flavour == "async" else refuse)
    runner.hook(kind, called.append)
    runner.hook("after_upgrade", called.append)
    with pytest.raises(HookFailed, match=r"Hook refuse(_later)? failed: ValueError: not on a Friday") as caught:
        runner.upgrade_to_head()
    assert isinstance(caught.value.__cause__, ValueError)
    assert (called, runs_of(runner), few.tables(), few.heads()) == ([], [], [], [])
    if kind == "before_upgrade":
        assert few.everything() == []
    few.runner(project.config).upgrade_to_head()
    assert few.heads() == ["a3"]


@pytest.mark.parametrize(("kind", "heads"), [("after_revision", ["a1"]), ("after_upgrade", ["a3"])])
def test_an_exception_afterwards_leaves_what_was_committed(few: Place, project: Project, kind: str, heads: list[str]):
    runner = few.runner(project.config)

    def complain() -> None:
        raise LookupError("odd")

    runner.hook(kind, complain)
    with pytest.raises(HookFailed, match="Hook complain failed: LookupError: odd"):
        runner.upgrade_to_head()
    assert (few.heads(), list(runner.last_result.current)) == (heads, heads)
    assert isinstance(runner.last_result.error, HookFailed)
    few.runner(project.config).upgrade_to_head()
    assert few.tables() == ["t_a1", "t_a2", "t_a3"]


def test_an_exception_in_the_middle_stops_between_two_revisions(few: Place, project: Project):
    runner = few.runner(project.config)

    def refuse(revision: str) -> None:
        if revision == "a3":
            raise RuntimeError("enough")

    runner.hook("before_revision", refuse)
    with pytest.raises(HookFailed, match="enough"):
        runner.upgrade_to_head()
    assert (few.heads(), few.tables(), runs_of(runner)) == (
        ["a2"],
        ["t_a1", "t_a2"],
        [("a1", "upgrade"), ("a2", "upgrade")],
    )


def test_an_error_of_ours_out_of_a_hook_stays_what_it_is(file: Place, project: Project):
    class RefusedError(MigrationError):
        pass

    def refuse() -> None:
        raise RefusedError("Not before the release")

    runner = file.runner(project.config)
    runner.hook("before_upgrade", refuse)
    with pytest.raises(RefusedError, match="Not before the release"):
        runner.upgrade_to_head()
    assert file.everything() == []


@pytest.mark.parametrize("kind", ["postgresql", "file"])
def test_a_blocking_engine_inside_a_running_loop_calls_async_hooks(
    request: pytest.FixtureRequest, kind: str, project: Project
):
    blocking: Place = request.getfixturevalue(kind)
    seen: list[object] = []

    async def application() -> None:
        runner = MigrationRunner(blocking.engine(), project.config)

        @runner.before_upgrade
        @runner.before_revision
        @runner.after_upgrade
        async def hook(subject: object) -> None:
            await asyncio.sleep(0.001)
            seen.append(subject)

        assert runner.upgrade_to_head() is None
        assert runner.get_current_version() == "a3"

    asyncio.run(application())
    assert seen == [("a1", "a2", "a3"), "a1", "a2", "a3", ("a3",)]


def test_an_async_hook_runs_on_the_loop_of_the_application(project: Project, async_place: Place):
    loops: set[object] = set()

    async def application() -> None:
        runner = MigrationRunner(async_place.engine(), project.config)

        @runner.before_upgrade
        @runner.after_revision
        async def hook() -> None:
            loops.add(asyncio.get_running_loop())

        await runner.upgrade_to_head()
        assert loops == {asyncio.get_running_loop()}

    answer(application())


def test_one_hook_may_be_given_to_several_runners(file: Place, project: Project, tmp_path: Path):
    seen: list[str] = []
    other = Place("pysqlite", file.url.set(database=str(tmp_path / "other.db")), file.seen)
    for place in (file, other):
        runner = place.runner(project.config)
        runner.hook("after_revision", seen.append)
        runner.upgrade_to_version("a2")
    assert seen == ["a1", "a2", "a1", "a2"]
