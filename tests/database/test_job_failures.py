"""Revisions that fail: nothing of them stays, and the report says which, and why."""

from pathlib import Path

import pytest

from database.projects.project import make_project
from database.projects.running import heads, ledger, run, tables
from revgate.contract.exits import Exit
from revgate.contract.reasons import Reason
from support.servers import Database, Server


def test_a_revision_that_fails_half_way_leaves_nothing(database: Database, tmp_path: Path):
    project = make_project(tmp_path / "app").chain("a1", "a2")
    body = "op.execute('CREATE TABLE half (id int)')\nop.execute('SELECT * FROM nowhere')"
    project.revision("a3", "a2", body).revision("a4", "a3")
    ended = run(database, project.folder)
    assert (ended.code, ended.report.reason) == (Exit.REVISION_FAILED, Reason.REVISION_FAILED), ended
    assert ended.report.message == 'Revision a3 (a3_change.py) failed: relation "nowhere" does not exist'
    assert (ended.report.failed, ended.report.current, ended.report.pending) == ("a3", ("a2",), ("a3", "a4"))
    assert (heads(database), tables(database)) == (["a2"], ["t_a1", "t_a2"])
    assert ledger(database) == {"a1": "applied", "a2": "applied"}
    assert [edge.revision for edge in ended.edges or ()] == ["a2", "a1"]
    assert "Traceback" not in ended.err


def test_an_exception_of_python_is_told_in_one_line(database15: Database, tmp_path: Path):
    project = make_project(tmp_path / "app").revision("a1", None, "raise ValueError('first line\\nsecond line')")
    ended = run(database15, project.folder)
    assert ended.report.message == "Revision a1 (a1_change.py) failed: ValueError: first line"
    assert (heads(database15), ledger(database15)) == ([], {})


def test_values_of_a_statement_are_not_told(database15: Database, tmp_path: Path):
    body = """
        op.execute('CREATE TABLE people (email text UNIQUE)')
        insert = sa.text("INSERT INTO people VALUES (:email), (:email)")
        op.get_bind().execute(insert, {'email': 'ada@example.org'})
    """
    ended = run(database15, make_project(tmp_path / "app").revision("a1", None, body).folder)
    assert "duplicate key value violates unique constraint" in ended.report.message
    assert "ada@example.org" not in ended.everything


def test_a_constraint_that_fails_at_commit_is_the_revisions_fault(database15: Database, tmp_path: Path):
    body = """
        op.execute('CREATE TABLE a (id int PRIMARY KEY)')
        op.execute('CREATE TABLE b (id int REFERENCES a DEFERRABLE INITIALLY DEFERRED)')
        op.execute('INSERT INTO b VALUES (1)')
    """
    ended = run(database15, make_project(tmp_path / "app").revision("a1", None, body).folder)
    assert (ended.code, ended.report.failed) == (Exit.REVISION_FAILED, "a1")
    assert (heads(database15), ledger(database15)) == ([], {})


def test_a_missing_right_has_a_reason_of_its_own(server15: Server, database15: Database, tmp_path: Path):
    body = "op.execute('COMMENT ON ROLE postgres IS NULL')"
    ended = run(database15, make_project(tmp_path / "app").revision("a1", None, body).folder)
    assert (ended.code, ended.report.reason) == (Exit.REVISION_FAILED, Reason.PERMISSION_DENIED), ended
    assert ended.report.failed == "a1"


def test_a_serialization_failure_may_be_tried_again(database15: Database, tmp_path: Path):
    body = "op.execute(\"DO $$ BEGIN RAISE EXCEPTION 'conflict' USING ERRCODE = '40001'; END $$\")"
    ended = run(database15, make_project(tmp_path / "app").revision("a1", None, body).folder, "--lock-retries", "1")
    assert (ended.code, ended.report.reason) == (Exit.CONFLICT, Reason.CONFLICT)
    assert "it was tried 2 times" in ended.report.message


def test_what_has_committed_a_part_is_never_tried_again_by_itself(database15: Database, tmp_path: Path):
    body = """
        with op.get_context().autocommit_block():
            op.execute('CREATE TABLE half (id int)')
        op.execute("DO $$ BEGIN RAISE EXCEPTION 'conflict' USING ERRCODE = '40001'; END $$")
    """
    ended = run(database15, make_project(tmp_path / "app").revision("a1", None, body).folder)
    assert (ended.code, ended.report.reason) == (Exit.REVISION_FAILED, Reason.REVISION_FAILED), ended
    assert "part of it was committed" in ended.report.message
    assert heads(database15) == []


def test_a_lost_connection_may_be_tried_again(database15: Database, tmp_path: Path):
    body = "op.execute('SELECT pg_terminate_backend(pg_backend_pid())')"
    ended = run(database15, make_project(tmp_path / "app").revision("a1", None, body).folder)
    assert (ended.code, ended.report.reason) == (Exit.CONNECTION_LOST, Reason.CONNECTION_LOST), ended
    assert (ended.report.read, ended.report.pending) == (True, ("a1",))


def test_losing_the_lock_stops_the_run_before_it_commits(database15: Database, tmp_path: Path):
    body = """
        op.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
        op.execute('CREATE TABLE half (id int)')
    """
    ended = run(database15, make_project(tmp_path / "app").revision("a1", None, body).folder)
    assert ended.code == Exit.CONNECTION_LOST, ended
    assert (heads(database15), tables(database15)) == ([], [])


@pytest.mark.parametrize("timeout", ["--statement-timeout", "--total-timeout"])
def test_a_limit_on_time_is_kept(database15: Database, tmp_path: Path, timeout: str):
    project = make_project(tmp_path / "app").revision("a1", None, "op.execute('SELECT pg_sleep(60)')")
    ended = run(database15, project.folder, timeout, "5s")
    if timeout == "--total-timeout":
        assert (ended.code, ended.report.reason) == (Exit.TIMED_OUT, Reason.TIMED_OUT), ended
    else:
        assert (ended.code, ended.report.failed) == (Exit.REVISION_FAILED, "a1"), ended
        assert "statement timeout" in ended.report.message
    assert heads(database15) == []
