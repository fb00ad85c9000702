"""Runners beside one another, hooks that log, a process of its own: where the state of a process or server matters."""

import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from database.projects.running import start
from environments.project import REVISIONS, make_project, settings_of
from environments.side import Side
from revgate.migration.errors import LockTimeout
from support.cli import Cli
from support.file_config import LOGGING

FREE = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"


@pytest.mark.parametrize("sides", ["postgresql"], indirect=True)
@pytest.mark.parametrize("env", ["own_session_lock", "own_lock", "locked_table"])
def test_runners_whose_env_py_locks_by_itself_wait_for_each_other(
    sides: tuple[Side, Side], env: str, tmp_path: Path
) -> None:
    ours, _ = sides
    assert ours.database is not None
    body = "op.create_table('t_{0}', sa.Column('id', sa.Integer))\nop.execute('SELECT pg_sleep(0.2)')"
    project = make_project(tmp_path / "app", env)
    for down, revision in zip((None, *REVISIONS), REVISIONS, strict=False):
        project.revision(revision, down, body.format(revision))
    words = {"SHOP_URL": ours.text, "SHOP_ASYNC_URL": ours.async_text}
    if env == "locked_table":  # two CREATE TABLE IF NOT EXISTS at once: one of them may fail, as PostgreSQL has it
        ours.query("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    options = ("--lock-timeout", "20s")
    ended = [one.end() for one in [start(ours.database, project.folder, *options, **words) for _ in range(3)]]
    assert [one.code for one in ended] == [0, 0, 0], ended
    assert sum(len(one.events("revision_applied")) for one in ended) == len(REVISIONS), "each of them once"
    assert ours.ledger() == dict.fromkeys(REVISIONS, "applied")
    assert ours.query(FREE) == [(0,)]


@pytest.mark.parametrize("sides", ["postgresql"], indirect=True)
def test_a_lock_that_env_py_waits_for_is_waited_for_as_long_as_a_table(
    sides: tuple[Side, Side], tmp_path: Path
) -> None:
    ours, _ = sides
    runner = make_project(tmp_path / "app", "own_lock").chain(*REVISIONS).runner(ours, lock_timeout=0.2)
    ours.query("SELECT pg_advisory_lock(4712)")
    with pytest.raises(LockTimeout):
        runner.upgrade_to_head()
    assert ours.made() == set()
    ours.query("SELECT pg_advisory_unlock(4712)")
    runner.upgrade_to_head()
    assert ours.heads() == ["a3"]


def test_threads_of_one_process_take_turns(sides: tuple[Side, Side], tmp_path: Path) -> None:
    settings_of(sides[0])
    project = make_project(tmp_path / "app", "asyncio_run").chain(*REVISIONS)
    runners = [project.runner(sides[0]) for _ in range(4)]
    with ThreadPoolExecutor(len(runners)) as pool:
        list(pool.map(lambda runner: runner.upgrade_to_head(), runners))
    applied = [run.revision for runner in runners if runner.last_result for run in runner.last_result.revisions]
    assert applied == list(REVISIONS)


def test_the_loggers_of_the_application_are_heard_during_the_run_and_as_before_after_it(
    sides: tuple[Side, Side], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ours, _ = sides
    shop = logging.getLogger("shop.of.this.test")
    shop.setLevel(logging.INFO)
    runner = make_project(tmp_path / "app", "file_config", LOGGING).chain(*REVISIONS).runner(ours)
    runner.after_revision(lambda revision: shop.info("applied %s", revision))
    handlers = logging.getLogger().handlers[:]
    runner.upgrade_to_head()
    assert [line.message for line in caplog.records if line.name == shop.name] == [
        f"applied {one}" for one in REVISIONS
    ]
    assert (shop.disabled, logging.getLogger().handlers) == (False, handlers)


@pytest.mark.parametrize("env", ["asyncio_run", "file_config", "typed_transaction"])
def test_the_command_line_runs_it_in_a_process_of_its_own(sides: tuple[Side, Side], env: str, tmp_path: Path) -> None:
    ours, _ = sides
    project = make_project(tmp_path / "app", env, LOGGING).chain(*REVISIONS)
    cli = Cli(project.folder).at(ours.text)
    ended = cli.given(SHOP_URL=ours.text, SHOP_ASYNC_URL=ours.async_text).ok("upgrade")
    assert ended.out == "✓ Upgraded to head\n"
    assert [word in ended.err for word in REVISIONS] == [True] * len(REVISIONS), ended
    assert ours.heads() == ["a3"]
