"""A pooler is refused for what writes: through it, the lock of one runner might not keep out another.

One that gives each client a session is let be where somebody promises that, and where nothing speaks against it.
"""

import signal
from contextlib import closing
from pathlib import Path

import pytest

from database.projects.project import make_project
from database.projects.running import heads, key_of, ledger, run, start, tables, until
from revgate import MigrationRunner
from revgate.contract.exits import Exit
from revgate.contract.reasons import Reason
from revgate.migration.errors import LockHeld, PoolerRefused
from revgate.migration.history import History
from revgate.migration.postgresql.lock import locked
from support.cli import Cli
from support.library import postgresql_place
from support.pooler import pooled
from support.servers import Database

MODES = ("transaction", "session")
NO_LOCK = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory'"


@pytest.mark.parametrize("mode", MODES)
def test_a_pooler_is_refused_with_what_to_do(database15: Database, tmp_path: Path, mode: str):
    with pooled(database15, mode) as behind:
        ended = run(behind, tmp_path, "--bundled")
        assert (ended.code, ended.report.reason) == (Exit.CONFIGURATION, Reason.POOLER_REFUSED), ended
        assert "give the URL of the PostgreSQL server itself" in ended.report.message
        assert ended.report.message.endswith(", or set REVGATE_POOLER=session where it pools sessions")
        assert database15.query(NO_LOCK) == []
    assert (heads(database15), tables(database15)) == ([], [])


@pytest.mark.parametrize("mode", MODES)
def test_questions_are_answered_through_a_pooler_and_nothing_else(database15: Database, tmp_path: Path, mode: str):
    project = make_project(tmp_path / "app").chain("a1", "a2")
    run(database15, project.folder, "--target", "a1")
    ini = project.folder / "alembic.ini"
    with pooled(database15, mode) as behind:
        runner = MigrationRunner(postgresql_place("psycopg", behind).engine(), ini)
        assert (runner.get_current_version(), runner.get_pending_migrations()) == ("a1", ["a2"])
        for call in (runner.upgrade_to_head, runner.downgrade, lambda: runner.stamp("a2")):
            with pytest.raises(PoolerRefused):
                call()
        sentence = Cli(project.folder).at(behind.url).run("upgrade").sentence
        assert "connection pooler" in sentence
        assert database15.query(NO_LOCK) == []
    assert (heads(database15), tables(database15)) == (["a1"], ["t_a1"])


@pytest.mark.parametrize("mode", MODES)
def test_runners_beside_and_behind_a_pooler_are_never_two(database15: Database, tmp_path: Path, mode: str):
    with pooled(database15, mode) as behind:
        runners = [start(each, tmp_path, "--bundled") for each in (behind, database15, behind, database15)]
        ended = [runner.end() for runner in runners]
    assert [one.code for one in ended] == [Exit.CONFIGURATION, 0, Exit.CONFIGURATION, 0], ended
    applied = [event["revision"] for one in ended for event in one.events("revision_applied")]
    assert sorted(applied) == sorted(ledger(database15)) == [f"000{number}" for number in range(1, 9)]
    assert heads(database15) == ["0008"]


PROMISED = {"REVGATE_POOLER": "session"}
SLEEPING = "SELECT pid FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep(600)%%'"


def test_a_pooler_of_sessions_is_let_be_when_it_is_promised(database: Database, tmp_path: Path):
    with pooled(database, "session") as behind:
        ended = run(behind, tmp_path, "--bundled", **PROMISED)
        assert (ended.code, heads(database)) == (0, ["0008"]), ended
        assert set(ledger(database).values()) == {"applied"}
        until(lambda: database.query(NO_LOCK) == [], lambda: database.query("SELECT * FROM pg_locks"))
        cli = Cli(tmp_path).at(behind.url)
        assert "REVGATE_POOLER=session" in cli.run("stamp", "0007", "--bundled").sentence
        cli.given(**PROMISED).ok("downgrade", "0007", "--bundled")
        cli.given(**PROMISED).ok("stamp", "0006", "--bundled")
    assert heads(database) == ["0006"]


def test_runners_behind_and_beside_a_pooler_of_sessions_are_one_at_a_time(database15: Database, tmp_path: Path):
    with pooled(database15, "session", size=20) as behind:
        runners = [start(each, tmp_path, "--bundled", **PROMISED) for each in (behind, database15, behind, behind)]
        ended = [runner.end() for runner in runners]
    assert [one.code for one in ended] == [0] * 4, ended
    applied = [event["revision"] for one in ended for event in one.events("revision_applied")]
    assert sorted(applied) == sorted(ledger(database15)) == [f"000{number}" for number in range(1, 9)]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_runner_that_ends_behind_a_pooler_of_sessions_leaves_no_lock(
    database15: Database, tmp_path: Path, number: signal.Signals
):
    project = make_project(tmp_path / "app").chain("a1").revision("a2", "a1", "op.execute('SELECT pg_sleep(600)')")
    with pooled(database15, "session") as behind:
        running = start(behind, project.folder, **PROMISED)
        until(lambda: database15.query(SLEEPING), running.err.read_text)
        running.signal(number)
        assert running.end().code == (Exit.INTERRUPTED if number == signal.SIGTERM else -signal.SIGKILL)
        project.revision("a2", "a1")
        ended = run(behind, project.folder, **PROMISED)
    assert (ended.code, heads(database15), tables(database15)) == (0, ["a2"], ["t_a1", "t_a2"]), ended


@pytest.mark.parametrize("words", ["", "server_round_robin = 1"])
def test_a_promise_that_is_seen_to_be_wrong_is_refused(database15: Database, tmp_path: Path, words: str):
    with pooled(database15, size=5, words=words) as behind:
        clients = [behind.connect(autocommit=False) for _ in range(3)]
        for client in clients:  # so that the pool has several sessions to give
            client.execute("SELECT 1")
        for client in clients:
            client.rollback()
        ended = run(behind, tmp_path, "--bundled", **PROMISED)
        assert (ended.code, ended.report.reason) == (Exit.CONFIGURATION, Reason.POOLER_REFUSED), ended
        assert ended.report.message.startswith("REVGATE_POOLER promises a pooler of sessions, but")
        for client in clients:
            client.close()
    assert (heads(database15), tables(database15)) == ([], [])


def test_any_other_promise_is_none(database15: Database, tmp_path: Path):
    with pooled(database15, "session") as behind:
        ended = run(behind, tmp_path, "--bundled", REVGATE_POOLER="transaction")
    assert (ended.code, ended.report.reason) == (Exit.CONFIGURATION, Reason.INVALID_SPEC), ended
    assert ended.report.message == "REVGATE_POOLER is 'transaction': set it to session, or not at all"


def test_one_session_of_the_server_does_not_get_the_lock_for_two_of_its_clients(database15: Database):
    history = History(database15.name, "public", "alembic_version")
    assert history.key == key_of(database15)
    with pooled(database15) as behind, closing(behind.connect()) as mine, closing(behind.connect()) as other:
        pids = [client.execute("SELECT pg_backend_pid()").fetchone() for client in (mine, other)]
        assert pids[0] == pids[1], "the pooler gave them one session"
        with locked(mine, history, 0) as lock:
            assert lock.check()
            with pytest.raises(LockHeld), locked(other, history, 0):
                pass
        with locked(other, history, 0) as lock:
            assert lock.check()
