"""Habits of env.py files that a run cannot honour: it says why, and has done nothing."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.to_thread
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from environments.project import REVISIONS, make_project, settings_of
from environments.side import Side, in_file, on_server
from revgate import MigrationRunner
from revgate.migration.errors import EnvironmentFailed, MigrationError, WrongDatabase
from support.servers import Server

DOES_NOTHING_ELSE = "ended without running the migrations"


@dataclass(frozen=True)
class Refusal:
    """An env.py that does not work, and what is said about it."""

    env: str
    says: tuple[str, ...]
    error: type[MigrationError] = EnvironmentFailed
    on: tuple[str, ...] = ("postgresql", "sqlite")


REFUSED = [
    Refusal("unreachable", ("env.py failed: ", "onnection")),
    Refusal("application_context", ("env.py failed: LookupError", "current_app")),
    Refusal("command_sets_config", ("'Config' object has no attribute 'shop_options'",)),
    Refusal("command_or_exit", ("ended the program with exit(1)",)),
    Refusal("handed_engine", ("'Connection' object has no attribute 'connect'; config.attributes", "is a Connection")),
    Refusal("handed_async_connection", ("no attribute 'run_sync'; config.attributes",)),
    Refusal("reads_command_line", ("no attribute 'cmd'; config.cmd_opts is None",)),
    Refusal("worker_thread", ("AnyIO worker thread",)),
    Refusal("alembic_inside", ("; Alembic cannot run inside of Alembic",)),
    Refusal("not_asked_for", (DOES_NOTHING_ELSE,)),
    Refusal("behind_our_back", ("on a connection that it did not pass to context.configure",), WrongDatabase),
    Refusal("plugins", ("more than once", "give each of them a run")),
    Refusal("attached", ("second",), MigrationError, on=("sqlite",)),
]
CELLS = [pytest.param(kind, one, id=f"{one.env}-{kind}") for one in REFUSED for kind in one.on]


@pytest.mark.parametrize(("sides", "refusal"), CELLS, indirect=["sides"])
def test_it_says_why_and_does_nothing(sides: tuple[Side, Side], refusal: Refusal, tmp_path: Path) -> None:
    ours, _ = sides
    settings_of(ours)
    others = make_project(tmp_path / "other").chain("b1")
    os.environ["SHOP_OTHER_SCRIPTS"] = str(others.folder / "migrations")
    runner = make_project(tmp_path / "app", refusal.env).chain(*REVISIONS).runner(ours)
    hooked: list[str] = []
    runner.before_revision(hooked.append)
    with pytest.raises(refusal.error) as caught:
        runner.upgrade_to_head()
    for words in refusal.says:
        assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(ours.url.password or "secret") not in str(caught.value)
    assert (ours.made(), ours.heads(), hooked) == (set(), [], [])
    assert not ours.is_locked()


def test_an_application_context_makes_it_work(sides: tuple[Side, Side], tmp_path: Path) -> None:
    ours, _ = sides
    settings_of(ours)
    project = make_project(tmp_path / "app", "application_context").chain(*REVISIONS)
    project.use()
    import shop  # noqa: PLC0415  the project's own

    token = shop.current_app.set(shop.settings)
    try:
        project.runner(ours).upgrade_to_head()
    finally:
        shop.current_app.reset(token)
    assert ours.heads() == ["a3"]


def test_a_worker_thread_of_the_application_makes_it_work(sides: tuple[Side, Side], tmp_path: Path) -> None:
    ours, _ = sides
    runner = make_project(tmp_path / "app", "worker_thread").chain(*REVISIONS).runner(ours)
    anyio.run(anyio.to_thread.run_sync, runner.upgrade_to_head)
    assert ours.heads() == ["a3"]


def test_asyncio_run_works_for_an_async_engine_and_is_refused_in_the_thread_of_the_loop(
    sides: tuple[Side, Side], tmp_path: Path
) -> None:
    ours, _ = sides
    settings_of(ours)
    project = make_project(tmp_path / "app", "asyncio_run").chain(*REVISIONS)

    async def application() -> None:
        with pytest.raises(EnvironmentFailed, match=r"running event loop; .*AsyncEngine"):
            project.runner(ours).upgrade_to_head()
        assert ours.is_untouched()
        engine = create_async_engine(ours.async_text, poolclass=sa.NullPool)
        await MigrationRunner(engine, project.config).upgrade_to_head()

    asyncio.run(application())
    assert ours.heads() == ["a3"]


def test_a_task_that_env_py_leaves_to_the_loop_is_no_migration(sides: tuple[Side, Side], tmp_path: Path) -> None:
    ours, _ = sides
    settings_of(ours)
    project = make_project(tmp_path / "app", "task_of_the_loop").chain(*REVISIONS)
    left: list[BaseException] = []

    async def application() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, told: left.append(told["exception"]))
        with pytest.raises(EnvironmentFailed, match=DOES_NOTHING_ELSE):
            project.runner(ours).upgrade_to_head()
        await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}), return_exceptions=True)
        assert ours.made() == set(), "nor later"
        engine = create_async_engine(ours.async_text, poolclass=sa.NullPool)
        await MigrationRunner(engine, project.config).upgrade_to_head()

    asyncio.run(application())
    assert ours.heads() == ["a3"]


def test_another_database_stays_as_it_is_and_the_log_names_both(
    sides: tuple[Side, Side], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ours, decoy = sides
    os.environ["SHOP_DECOY_URL"] = decoy.text
    make_project(tmp_path / "app", "other_database").chain(*REVISIONS).runner(ours).upgrade_to_head()
    assert (ours.heads(), decoy.schema()) == (["a3"], [])
    assert f"theirs={decoy.place!r} ours={ours.place!r}" in caplog.text
    assert "environment_names_another_database" in caplog.text


def test_another_kind_of_database_is_named_as_well(
    servers: Callable[[int], Server], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    decoy = in_file(tmp_path / "decoy.db")
    os.environ["SHOP_DECOY_URL"] = decoy.text
    with on_server(servers(15)) as ours:
        make_project(tmp_path / "app", "other_database").chain(*REVISIONS).runner(ours).upgrade_to_head()
        assert (ours.heads(), decoy.schema()) == (["a3"], [])
    assert f"theirs='{decoy.place}' ours='{ours.place}'" in caplog.text
