"""Revisions that commit something half-way and say that they may be run again: `repeatable = True` in the file."""

import re
import signal
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from database.projects.project import Project, make_project
from database.projects.running import Ended, Running, heads, run, start, until
from revgate.contract.exits import EXIT_TABLE, Exit, Next
from revgate.contract.reasons import Reason
from support.servers import Database

AGAIN = "committed before, and it may be run again from its beginning"
INDEX = (
    "SELECT indisvalid FROM pg_index JOIN pg_class ON oid = indexrelid WHERE relname = 'idx_journals_idempotency_key'"
)
COLUMN = "SELECT 1 FROM information_schema.columns WHERE table_name = 'journals' AND column_name = 'idempotency_key'"
BUILDER = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'CREATE UNIQUE INDEX CONC%%'"
CUT_OFF = f"SELECT pg_terminate_backend(pid) FROM ({BUILDER}) AS builder"


@pytest.fixture
def reader(database: Database) -> Iterator[psycopg.Connection]:
    """Somebody with an old snapshot: a build waits for him when all but its last step is done."""
    with closing(database.connect(autocommit=False)) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        yield connection


def building(database: Database, folder: Path, reader: psycopg.Connection) -> Running:
    """Start a run of 0006 that waits in the build of its index, with the column committed."""
    run(database, folder, "--bundled", "--target", "0005")
    reader.execute("SELECT 1")
    running = start(database, folder, "--bundled", "--target", "0006")
    until(lambda: database.query(BUILDER), running.err.read_text)
    found = database.query(COLUMN), database.query(INDEX), heads(database)
    assert found == ([(1,)], [(False,)], ["0005"])
    return running


def cut_off(database: Database, _: Running) -> None:
    database.query(CUT_OFF)


def terminate(_: Database, running: Running) -> None:
    running.signal(signal.SIGTERM)


def kill(_: Database, running: Running) -> None:
    running.signal(signal.SIGKILL)


@pytest.mark.parametrize(
    ("end", "code", "said"),
    [
        (cut_off, Exit.CONNECTION_LOST, f"lost its connection .*; part of it was {AGAIN}$"),
        (terminate, Exit.INTERRUPTED, "a part of it is committed, and it may be run again from its beginning$"),
        (kill, -signal.SIGKILL, ""),
    ],
)
def test_a_bundled_revision_that_is_cut_off_in_its_build_is_run_again(
    database: Database,
    reader: psycopg.Connection,
    tmp_path: Path,
    end: Callable[[Database, Running], None],
    code: int,
    said: str,
):
    running = building(database, tmp_path, reader)
    end(database, running)
    ended = running.end()
    assert ended.code == code, ended
    if said:
        assert EXIT_TABLE[code].next in {Next.CONNECTION, Next.AGAIN}
        assert re.search(said, ended.report.message), ended.report
        assert (ended.report.current, ended.report.pending) == (("0005",), ("0006",))
    reader.rollback()
    ended = run(database, tmp_path, "--bundled")
    assert (ended.code, heads(database)) == (0, ["0008"]), ended
    assert (database.query(COLUMN), database.query(INDEX)) == ([(1,)], [(True,)])


def half_done(folder: Path, head: str) -> Project:
    """Return a project whose revision commits a row, and then fails until there are two."""
    body = """
        with op.get_context().autocommit_block():
            op.execute('CREATE TABLE IF NOT EXISTS tries (id int)')
            op.execute('INSERT INTO tries VALUES (1)')
        if op.get_bind().execute(sa.text('SELECT count(*) FROM tries')).scalar() < 2:
            op.execute("DO $$ BEGIN RAISE EXCEPTION 'conflict' USING ERRCODE = '40001'; END $$")
    """
    return make_project(folder).revision("a1", None, body, head=head)


def tried(database: Database, ended: Ended) -> int:
    assert ended.report.failed in {"", "a1"}
    return len(database.query("SELECT 1 FROM tries"))


def test_a_revision_of_ones_own_that_says_so_is_tried_again_by_the_runner(database15: Database, tmp_path: Path):
    ended = run(database15, half_done(tmp_path / "app", "repeatable = True").folder)
    assert (ended.code, tried(database15, ended), heads(database15)) == (0, 2, ["a1"]), ended
    assert AGAIN in ended.events("revision_retried")[0]["problem"]


@pytest.mark.parametrize("head", ["repeatable = False", ""])
def test_one_that_does_not_say_so_is_a_humans_business(database15: Database, tmp_path: Path, head: str):
    ended = run(database15, half_done(tmp_path / "app", head).folder)
    assert (ended.code, ended.report.reason) == (Exit.REVISION_FAILED, Reason.REVISION_FAILED), ended
    assert (tried(database15, ended), heads(database15)) == (1, [])
    assert "look at what it left, then retry" in ended.report.message


@pytest.mark.parametrize("value", ["'yes'", "1", "None", "lambda: True"])
def test_any_other_value_is_refused_before_anything_runs(database15: Database, tmp_path: Path, value: str):
    ended = run(database15, half_done(tmp_path / "app", f"repeatable = {value}").folder)
    assert (ended.code, ended.report.reason) == (Exit.BROKEN_SCRIPTS, Reason.BROKEN_SCRIPTS), ended
    assert "a1_change.py sets repeatable to " in ended.report.message
    assert ended.report.message.endswith(": write True or False")
    assert database15.query("SELECT to_regclass('tries')") == [(None,)]


def test_saying_so_of_an_applied_revision_is_no_edit(database15: Database, tmp_path: Path):
    project = make_project(tmp_path / "app").chain("a1")
    run(database15, project.folder)
    project.revision("a1", None, head="repeatable: bool = True  # since 1.2")
    ended = run(database15, project.folder)
    assert (ended.code, ended.report.message) == (0, "Database is at a1: there was nothing to apply"), ended
