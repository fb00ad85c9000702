"""Several runners, other sessions in the way, and runners that are cut off."""

import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psycopg

from database.projects.project import Project, make_project
from database.projects.running import CLEAN, Running, heads, key_of, ledger, run, start, tables, until
from revgate.contract.exits import Exit
from revgate.contract.reasons import Reason
from support.servers import Database

SLEEPING = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' "
    "AND query LIKE 'SELECT pg_sleep(600)%'"
)


def activity(database: Database) -> list[tuple]:
    return database.query(
        "SELECT pid, application_name, state, wait_event_type, query FROM pg_stat_activity "
        "WHERE datname = current_database()"
    )


def lock_is_free(database: Database) -> bool:
    return database.query("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == [(0,)]


def sleeping_project(folder: Path) -> Project:
    body = "op.execute('CREATE TABLE half (id int)')\nop.execute('SELECT pg_sleep(600)')"
    return make_project(folder).chain("a1").revision("a2", "a1", body)


def start_sleeping(database: Database, project: Project) -> Running:
    running = start(database, project.folder)
    until(lambda: database.query(SLEEPING), lambda: (activity(database), running.err.read_text()))
    return running


def test_eight_runners_at_once_apply_each_revision_once(database: Database, tmp_path: Path):
    runners = [start(database, tmp_path, "--bundled") for _ in range(8)]
    ended = [runner.end() for runner in runners]
    assert [one.code for one in ended] == [0] * 8, ended
    applied = [event["revision"] for one in ended for event in one.events("revision_applied")]
    assert sorted(applied) == [f"000{number}" for number in range(1, 9)]
    assert heads(database) == ["0008"]
    assert set(ledger(database).values()) == {"applied"}
    assert lock_is_free(database)


def test_names_the_session_that_holds_the_lock(database: Database, tmp_path: Path):
    with closing(database.connect(application_name="someone")) as other:
        pid = other.info.backend_pid
        other.execute("SELECT pg_advisory_lock(%s)", (key_of(database),))
        ended = run(database, tmp_path, "--bundled", "--runner-timeout", "1s")
    assert (ended.code, ended.report.reason) == (Exit.LOCK_HELD, Reason.LOCK_HELD), ended
    assert f"pid {pid} (someone, idle" in ended.report.message
    assert (ended.report.pending_count, ended.report.current) == (8, ())
    assert ended.events("lock_awaited")[0]["holder_pid"] == pid


def test_takes_over_when_the_other_runner_is_done(database15: Database, tmp_path: Path):
    with closing(database15.connect()) as other:
        other.execute("SELECT pg_advisory_lock(%s)", (key_of(database15),))
        running = start(database15, tmp_path, "--bundled")
        until(lambda: "lock_awaited" in running.err.read_text(), running.err.read_text)
        assert heads(database15) == []
        other.execute("SELECT pg_advisory_unlock(%s)", (key_of(database15),))
    assert running.end().code == 0
    assert heads(database15) == ["0008"]


def test_sigterm_cancels_the_statement_and_rolls_back(database: Database, tmp_path: Path):
    running = start_sleeping(database, sleeping_project(tmp_path / "app"))
    running.signal(signal.SIGTERM)
    ended = running.end()
    assert (ended.code, ended.report.reason) == (Exit.INTERRUPTED, Reason.INTERRUPTED), ended
    assert ended.report.message == (
        "Run was interrupted by SIGTERM during Revision a2 (a2_change.py); it was rolled back"
    )
    assert (ended.report.current, ended.report.pending) == (("a1",), ("a2",))
    assert (heads(database), tables(database), ledger(database)) == (["a1"], ["t_a1"], {"a1": "applied"})
    until(lambda: lock_is_free(database) and not database.query(SLEEPING), lambda: activity(database))


def test_sigterm_ends_the_wait_for_another_runner(database15: Database, tmp_path: Path):
    with closing(database15.connect()) as other:
        other.execute("SELECT pg_advisory_lock(%s)", (key_of(database15),))
        running = start(database15, tmp_path, "--bundled")
        until(lambda: "lock_awaited" in running.err.read_text(), running.err.read_text)
        running.signal(signal.SIGTERM)
        ended = running.end()
    assert (ended.code, ended.report.pending_count) == (Exit.INTERRUPTED, 8)


def test_sigterm_stops_a_revision_that_catches_everything(database15: Database, tmp_path: Path):
    body = """
        try:
            op.execute('SELECT pg_sleep(600)')
        except:
            pass
    """
    project = make_project(tmp_path / "app").revision("a1", None, body).revision("a2", "a1")
    running = start_sleeping(database15, project)
    running.signal(signal.SIGTERM)
    assert running.end().code == Exit.INTERRUPTED
    assert "a2" not in heads(database15)


def test_a_killed_runner_frees_the_lock_and_the_next_one_completes(database: Database, tmp_path: Path):
    project = sleeping_project(tmp_path / "app")
    running = start_sleeping(database, project)
    running.signal(signal.SIGKILL)
    assert running.end().code == -signal.SIGKILL
    until(lambda: not database.query(SLEEPING), lambda: activity(database))
    project.revision("a2", "a1")
    ended = run(database, project.folder)
    assert ended.code == 0, ended
    assert (heads(database), tables(database)) == (["a2"], ["t_a1", "t_a2"])


def altering(folder: Path, database: Database) -> Project:
    """Return a project whose table is there, and whose next revision wants it for itself."""
    project = make_project(folder).chain("a1")
    run(database, project.folder)
    return project.revision("a2", "a1", "op.add_column('t_a1', sa.Column('name', sa.Text))")


def test_a_lock_timeout_names_who_is_in_the_way(database: Database, tmp_path: Path):
    project = altering(tmp_path / "app", database)
    with closing(database.connect(autocommit=False, application_name="report_worker")) as reader:
        reader.execute("SELECT * FROM t_a1")
        ended = run(database, project.folder, "--lock-timeout", "1s", "--lock-retries", "1")
        assert (ended.code, ended.report.reason) == (Exit.LOCK_TIMEOUT, Reason.LOCK_TIMEOUT), ended
        assert f"pid {reader.info.backend_pid} (report_worker, idle in transaction" in ended.report.message
        assert "; it was tried 2 times in " in ended.report.message
        assert (ended.report.failed, heads(database)) == ("a2", ["a1"])
    assert len(ended.events("revision_retried")) == 1
    assert run(database, project.folder).code == 0


def test_a_job_tries_again_until_the_table_is_free(database15: Database, tmp_path: Path):
    project = altering(tmp_path / "app", database15)
    with closing(database15.connect(autocommit=False)) as reader:
        reader.execute("SELECT * FROM t_a1")
        running = start(database15, project.folder, "--lock-timeout", "50ms", "--lock-retries", "1000")
        until(lambda: running.err.read_text().count("revision_retried") == 2, running.err.read_text)
    ended = running.end()
    assert (ended.code, heads(database15)) == (0, ["a2"]), ended
    assert [event["revision"] for event in ended.events("revision_applied")] == ["a2"]


def test_an_index_built_concurrently_waits_for_readers_longer_than_the_lock_timeout(database: Database, tmp_path: Path):
    project = make_project(tmp_path / "app").chain("a1")
    run(database, project.folder)
    body = """
        with op.get_context().autocommit_block():
            op.create_index('t_index', 't_a1', ['id'], postgresql_concurrently=True)
        op.execute("CREATE TABLE lock_timeouts AS SELECT current_setting('lock_timeout') AS value")
    """
    project.revision("a2", "a1", body)
    with closing(database.connect(autocommit=False)) as writer:
        writer.execute("INSERT INTO t_a1 VALUES (1)")
        running = start(database, project.folder, "--lock-timeout", "300ms")
        waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND now() - query_start > '1s'"
        until(lambda: database.query(waiting), lambda: (activity(database), running.err.read_text()))
        writer.commit()
    ended = running.end()
    assert ended.code == 0, ended
    assert ended.events("revision_waits")
    assert database.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 't_index'::regclass") == [(True,)]
    assert database.query("SELECT value FROM lock_timeouts") == [("300ms",)]


def test_runners_that_wait_do_not_hold_up_an_index_built_concurrently(database: Database, tmp_path: Path):
    body = """
        op.execute('CREATE TABLE big (id int)')
        with op.get_context().autocommit_block():
            op.execute('SELECT pg_sleep(3)')
            op.create_index('big_index', 'big', ['id'], postgresql_concurrently=True)
    """
    project = make_project(tmp_path / "app").revision("a1", None, body)
    runners = [start(database, project.folder) for _ in range(3)]
    ended = [runner.end() for runner in runners]
    assert [one.code for one in ended] == [0, 0, 0], ended
    assert database.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'big_index'::regclass") == [(True,)]


def helped(folder: Path) -> Project:
    """Return a project with a table, and a revision that builds an index beside those who use it."""
    head = "from revgate import create_index_concurrently"
    return (
        make_project(folder)
        .chain("a1")
        .revision("a2", "a1", "create_index_concurrently('ix_a2', 't_a1', ['id'])", head=head)
    )


BUILDING = "SELECT pid FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'CREATE INDEX CONCURRENTLY ix_a2%'"
VALID = "SELECT indisvalid FROM pg_index JOIN pg_class ON oid = indexrelid WHERE relname = 'ix_a2'"


def building(database: Database, project: Project, writer: psycopg.Connection) -> Running:
    """Start a run whose build waits for the writer, when the index is there and not valid yet."""
    run(database, project.folder, "--target", "a1")
    writer.execute("INSERT INTO t_a1 VALUES (1)")
    running = start(database, project.folder)
    until(lambda: database.query(VALID) == [(False,)], lambda: (activity(database), running.err.read_text()))
    return running


def test_sigterm_in_a_concurrent_build_is_reported_and_the_next_run_builds_it_anew(database: Database, tmp_path: Path):
    project = helped(tmp_path / "app")
    with closing(database.connect(autocommit=False)) as writer:
        running = building(database, project, writer)
        running.signal(signal.SIGTERM)
        ended = running.end()
        assert (ended.code, ended.report.reason) == (Exit.INTERRUPTED, Reason.INTERRUPTED), ended
        assert ended.report.message.endswith(
            "during Revision a2 (a2_change.py); a part of it is committed, and it may be run again from its beginning"
        )
        assert (heads(database), database.query(VALID), database.query(BUILDING)) == (["a1"], [(False,)], [])
    assert run(database, project.folder).code == 0
    assert (heads(database), database.query(VALID)) == (["a2"], [(True,)])


def test_a_concurrent_build_that_loses_its_session_is_tried_again_by_itself(database15: Database, tmp_path: Path):
    project = helped(tmp_path / "app")
    with closing(database15.connect(autocommit=False)) as writer:
        running = building(database15, project, writer)
        database15.query(f"SELECT pg_terminate_backend(pid) FROM ({BUILDING}) AS builder")
        ended = running.end()
    assert (ended.code, ended.report.reason) == (Exit.CONNECTION_LOST, Reason.CONNECTION_LOST), ended
    assert run(database15, project.folder).code == 0
    assert database15.query(VALID) == [(True,)]


def test_what_was_written_before_a_concurrent_build_makes_it_a_humans_business(database15: Database, tmp_path: Path):
    body = """
        op.execute('INSERT INTO t_a1 VALUES (2)')
        create_index_concurrently('ix_a2', 't_a1', ['id'])
    """
    project = helped(tmp_path / "app").revision("a2", "a1", body, head="from revgate import create_index_concurrently")
    with closing(database15.connect(autocommit=False)) as writer:
        running = building(database15, project, writer)
        database15.query(f"SELECT pg_terminate_backend(pid) FROM ({BUILDING}) AS builder")
        ended = running.end()
    assert (ended.code, ended.report.reason) == (Exit.REVISION_FAILED, Reason.REVISION_FAILED), ended
    assert "part of it was committed before" in ended.report.message


SLOW_COMMIT = """
    CREATE FUNCTION waits() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END $$;
    CREATE TABLE slow (id int);
    CREATE CONSTRAINT TRIGGER waits AFTER INSERT ON slow DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION waits();
"""
ON_AN_OLD_SERVER = "op.execute('SET client_connection_check_interval = 0')"  # it cannot look whether we live


# A stamp runs nothing of ours that could say so
ON_ANY_SERVER = """BEGIN
    PERFORM set_config('client_connection_check_interval', '0', false), set_config('lock_timeout', '0', false);"""
OWN_VERSION_TABLE = "TABLE slow (version_num varchar(32) PRIMARY KEY)"


def test_what_a_killed_runner_is_still_committing_is_waited_for(database: Database, tmp_path: Path):
    body = f"""
        {ON_AN_OLD_SERVER}
        op.execute('SET lock_timeout = 0')
        op.execute('CREATE TABLE t_a1 (id int)')
        op.execute('INSERT INTO slow VALUES (1)')
    """
    database.query(SLOW_COMMIT)
    project = make_project(tmp_path / "app").revision("a1", None, body)
    committing = "SELECT pid FROM pg_stat_activity WHERE state = 'active' AND query = 'COMMIT'"
    with closing(database.connect()) as other:
        other.execute("SELECT pg_advisory_lock(1)")
        running = start(database, project.folder)
        until(lambda: database.query(committing), lambda: (activity(database), running.err.read_text()))
        running.signal(signal.SIGKILL)
        assert running.end().code == -signal.SIGKILL
        second = start(database, project.folder)
        until(lambda: "lock_awaited" in second.err.read_text(), second.err.read_text)
    ended = second.end()
    assert (ended.code, ended.report.message) == (0, "Database is at a1: there was nothing to apply"), ended
    assert ended.events("lock_awaited")[0]["holder_application"] == "revgate"
    found = (heads(database), ledger(database), database.query("SELECT id FROM slow"))
    assert found == (["a1"], {"a1": "applied"}, [(1,)])
    assert lock_is_free(database)


def test_what_a_killed_stamp_is_still_committing_is_waited_for(database15: Database, tmp_path: Path):
    database15.query(SLOW_COMMIT.replace("BEGIN", ON_ANY_SERVER).replace("TABLE slow (id int)", OWN_VERSION_TABLE))
    database15.query("ALTER TABLE slow RENAME TO alembic_version")
    project = make_project(tmp_path / "app").chain("a1", "a2")
    committing = "SELECT pid FROM pg_stat_activity WHERE state = 'active' AND query = 'COMMIT'"
    with closing(database15.connect()) as other:
        other.execute("SELECT pg_advisory_lock(1)")
        command = [sys.executable, "-m", "revgate", "stamp", "a1"]
        environment = {**CLEAN, "DATABASE_URL": database15.url}
        with (tmp_path / "err").open("w") as err:
            stamp = subprocess.Popen(command, cwd=project.folder, env=environment, stderr=err, stdout=err)
        until(lambda: database15.query(committing), lambda: (activity(database15), (tmp_path / "err").read_text()))
        stamp.kill()
        assert stamp.wait(60) == -signal.SIGKILL
        second = start(database15, project.folder)
        until(lambda: "lock_awaited" in second.err.read_text(), second.err.read_text)
        other.execute("SELECT pg_advisory_unlock(1)")
        ended = second.end()
    assert (ended.code, heads(database15)) == (0, ["a2"]), ended
    assert tables(database15) == ["t_a2"]


def test_what_a_killed_runner_left_is_named_when_it_takes_too_long(database15: Database, tmp_path: Path):
    body = f"""
        {ON_AN_OLD_SERVER}
        op.execute('SELECT pg_sleep(600)')
    """
    project = make_project(tmp_path / "app").revision("a1", None, body)
    running = start_sleeping(database15, project)
    ((pid,),) = database15.query(SLEEPING)
    running.signal(signal.SIGKILL)
    running.end()
    ended = run(database15, project.folder, "--runner-timeout", "200ms")
    assert (ended.code, ended.report.reason) == (Exit.LOCK_HELD, Reason.LOCK_HELD), ended
    assert f"pid {pid} (revgate, active, " in ended.report.message
    assert "whose runner is gone" in ended.report.message
    database15.query("SELECT pg_terminate_backend(%s)", pid)
