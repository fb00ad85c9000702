"""Endings that nobody planned: whatever env.py throws, there is a report, and it says what to do next."""

import signal
from contextlib import closing
from pathlib import Path

import pytest

from database.projects.project import make_project
from database.projects.running import heads, ledger, run, start, until
from revgate.contract.exits import Exit
from revgate.contract.reasons import Reason
from support.servers import Database

SLEEPS = "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep(600)%'"


def test_a_cancelled_task_in_env_py_is_reported_without_its_url(database15: Database, tmp_path: Path):
    project = make_project(tmp_path / "app", "cancelled").chain("a1")
    ended = run(database15, project.folder)
    assert (ended.code, ended.report.reason) == (Exit.ENVIRONMENT, Reason.ENVIRONMENT_FAILED), ended
    assert database15.url not in ended.everything
    assert "Traceback" not in ended.err


def test_a_cancelled_task_in_a_revision_is_the_revisions_fault(database15: Database, tmp_path: Path):
    body = "import asyncio\nraise asyncio.CancelledError('enough')"
    ended = run(database15, make_project(tmp_path / "app").revision("a1", None, body).folder)
    assert (ended.code, ended.report.failed) == (Exit.REVISION_FAILED, "a1"), ended
    assert "Traceback" not in ended.err


def test_a_group_of_exceptions_does_not_hide_a_signal(database15: Database, tmp_path: Path):
    project = make_project(tmp_path / "app", "grouping").revision("a1", None, "op.execute('SELECT pg_sleep(600)')")
    running = start(database15, project.folder)
    until(lambda: database15.query(SLEEPS), running.err.read_text)
    running.signal(signal.SIGTERM)
    ended = running.end()
    assert (ended.code, ended.report.reason) == (Exit.INTERRUPTED, Reason.INTERRUPTED), ended
    assert "Traceback" not in ended.err


def test_what_is_said_after_the_run_is_redacted_too(database15: Database, tmp_path: Path):
    project = make_project(tmp_path / "app").chain("a1")
    env = project.folder / "migrations" / "env.py"
    late = "import atexit, os, sys\natexit.register(lambda: print('late', os.environ['DATABASE_URL'], file=sys.stderr))"
    env.write_text(f"{env.read_text()}\n{late}\n")
    ended = run(database15, project.folder)
    assert "late ***" in ended.err
    assert database15.url not in ended.everything


def test_other_passwords_of_the_environment_are_redacted(database15: Database, tmp_path: Path):
    body = "import os\nraise RuntimeError(' '.join(os.environ[key] for key in ('BROKER', 'PGPASSWORD')))"
    project = make_project(tmp_path / "app").revision("a1", None, body)
    ended = run(database15, project.folder, BROKER="amqp://shop:br0ker-word@mq:5672/", PGPASSWORD="libpq-word")
    assert ended.report.message.endswith("RuntimeError: *** ***"), ended
    assert "-word" not in ended.everything


def test_a_locked_version_table_may_be_tried_again(database15: Database, tmp_path: Path):
    project = make_project(tmp_path / "app").chain("a1")
    run(database15, project.folder)
    project.revision("a2", "a1")
    with closing(database15.connect(autocommit=False)) as other:
        other.execute("LOCK TABLE alembic_version")
        ended = run(database15, project.folder)
    assert (ended.code, ended.report.reason) == (Exit.LOCK_TIMEOUT, Reason.LOCK_TIMEOUT), ended


@pytest.mark.parametrize(
    ("state", "code", "reason"),
    [
        ("55P03", Exit.LOCK_TIMEOUT, Reason.LOCK_TIMEOUT),
        ("40P01", Exit.CONFLICT, Reason.CONFLICT),
        ("42501", Exit.REVISION_FAILED, Reason.PERMISSION_DENIED),
        ("42P01", Exit.ENVIRONMENT, Reason.ENVIRONMENT_FAILED),
    ],
)
def test_what_the_database_refuses_to_env_py_is_told_apart(
    database15: Database, tmp_path: Path, state: str, code: Exit, reason: Reason
):
    with closing(database15.connect()) as owner:
        owner.execute(
            "CREATE FUNCTION refuse() RETURNS int LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END $$"
        )
        owner.execute("CREATE VIEW settings AS SELECT refuse() AS value")
    ended = run(database15, make_project(tmp_path / "app", "reading").chain("a1").folder)
    assert (ended.code, ended.report.reason) == (code, reason), ended


def test_an_env_py_with_a_wrong_password_of_its_own_needs_a_human(database15: Database, tmp_path: Path):
    project = make_project(tmp_path / "app", "own_engine").chain("a1")
    env = project.folder / "migrations" / "env.py"
    env.write_text(env.read_text().replace("fileConfig(context", "(context"))
    wrong = f"postgresql://{database15.user}:wrong-word@{database15.host}:{database15.port}/{database15.name}"
    ended = run(database15, project.folder, DATABASE_URL=wrong)
    assert (ended.code, ended.report.reason) == (Exit.ENVIRONMENT, Reason.ENVIRONMENT_FAILED), ended


def test_losing_the_session_inside_an_autocommit_block_tells_why(database15: Database, tmp_path: Path):
    body = """
        with op.get_context().autocommit_block():
            op.execute('CREATE TABLE half (id int)')
            op.execute('SELECT pg_terminate_backend(pg_backend_pid())')
    """
    ended = run(database15, make_project(tmp_path / "app").revision("a1", None, body).folder)
    assert (ended.code, ended.report.failed) == (Exit.REVISION_FAILED, "a1"), ended
    assert "lost its connection" in ended.report.message
    assert "terminating connection" in ended.report.message
    assert "part of it was committed" in ended.report.message


def test_losing_the_lock_after_a_partial_commit_needs_a_human(database15: Database, tmp_path: Path):
    body = """
        with op.get_context().autocommit_block():
            op.execute('CREATE TABLE half (id int)')
        op.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
    """
    ended = run(database15, make_project(tmp_path / "app").revision("a1", None, body).folder)
    assert (ended.code, ended.report.failed) == (Exit.REVISION_FAILED, "a1"), ended
    assert "part of it was committed" in ended.report.message
    assert heads(database15) == []


def test_overlapping_rows_of_the_version_table_are_reported(database15: Database, tmp_path: Path):
    project = make_project(tmp_path / "app").chain("a1", "a2")
    run(database15, project.folder)
    project.revision("a3", "a2")
    with closing(database15.connect()) as someone:
        someone.execute("INSERT INTO alembic_version VALUES ('a1')")
    ended = run(database15, project.folder)
    assert (ended.code, ended.report.reason) == (Exit.UNKNOWN_REVISION, Reason.UNKNOWN_REVISION), ended
    assert "delete the older one" in ended.report.message
    assert ended.report.current == ("a1", "a2")


def test_a_version_that_somebody_else_moves_meanwhile_is_a_conflict(database15: Database, tmp_path: Path):
    project = make_project(tmp_path / "app").chain("a1")
    run(database15, project.folder)
    project = make_project(tmp_path / "overtaken", "overtaken").chain("a1", "a2", "a3")
    ended = run(database15, project.folder)
    assert (ended.code, ended.report.reason) == (Exit.CONFLICT, Reason.CONFLICT), ended
    assert heads(database15) == ["a2"]


def test_a_floor_that_comes_later_reaches_the_ledger_and_stays(database15: Database, tmp_path: Path):
    project = make_project(tmp_path / "app").chain("a1", "a2")
    older = project.copy("older")
    run(database15, project.folder)
    project.revision("a2", "a1", head="serves_from = 'a2'\n")
    for folder in (project.folder, older.folder):
        ended = run(database15, folder)
        assert (ended.code, ended.report.message) == (0, "Database is at a2: there was nothing to apply"), ended
        assert {edge.revision: edge.floor for edge in ended.edges or ()} == {"a1": "", "a2": "a2"}
    assert ledger(database15) == {"a1": "applied", "a2": "applied"}


@pytest.mark.parametrize("target", ["", "@"])
def test_a_target_that_names_nothing_is_unknown(database15: Database, tmp_path: Path, target: str):
    ended = run(database15, make_project(tmp_path / "app").chain("a1").folder, f"--target={target}")
    assert (ended.code, ended.report.reason) == (Exit.UNKNOWN_TARGET, Reason.UNKNOWN_TARGET), ended


def test_a_message_that_is_no_unicode_still_makes_a_report(database15: Database, tmp_path: Path):
    body = "raise ValueError('a name like \\udcff')"
    ended = run(database15, make_project(tmp_path / "app").revision("a1", None, body).folder)
    assert (ended.code, ended.report.failed) == (Exit.REVISION_FAILED, "a1"), ended
