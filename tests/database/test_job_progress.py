"""What the log of a Job tells while a revision takes long: how far PostgreSQL is, and whom it waits for."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from database.projects.project import Project, make_project
from database.projects.running import run, start, until
from revgate.contract.steps import step_in
from revgate.migration.postgresql.progress import WorkWatch
from support.servers import Database
from support.waiting import eventually

KEY = 4711
LINES = f"""
    CREATE FUNCTION hold(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
    $$ BEGIN PERFORM pg_advisory_xact_lock_shared({KEY}); RETURN n; END $$;
    CREATE TABLE lines AS SELECT n FROM generate_series(1, 200) AS n
"""
BUILDS = "op.execute('CREATE INDEX ON lines (hold(n))')"


@contextmanager
def holding(database: Database, name: str) -> Iterator[psycopg.Connection]:
    """Keep whoever calls hold() waiting until the block ends."""
    with closing(database.connect(application_name=name)) as holder:
        holder.execute("SELECT pg_advisory_lock(%s)", (KEY,))
        yield holder


def building(folder: Path, environment: str) -> Project:
    project = make_project(folder, environment)
    return project.revision("a1", None, f"op.execute('''{LINES}''')").revision("a2", "a1", BUILDS)


@pytest.mark.parametrize("environment", ["generic", "own_async"])
def test_a_build_that_takes_long_is_in_the_log_and_whom_it_waits_for(database15, tmp_path: Path, environment: str):
    project = building(tmp_path / "app", environment)
    with holding(database15, "month's \nreport") as holder:
        running = start(database15, project.folder, "--lock-timeout", "0s")
        until(lambda: "revision_progress" in running.err.read_text(), running.err.read_text)
        log = running.err.read_text()
        waits = f"waits for a lock held by pid {holder.info.backend_pid} (month?s ?report)"
    step = step_in(log)
    assert step is not None
    build = "100 % of an index on lines (building index: scanning table)"  # the table is one page
    assert (step.revision, step.work) == ("a2", f"{build}, {waits}")
    ended = running.end()
    assert ended.code == 0, ended
    assert step_in(running.err.read_text()) is None
    assert len(ended.events("revision_progress")) == 1
    assert "CREATE" not in log


COMMANDS = {
    "VACUUM FULL lines": "VACUUM FULL lines (rebuilding index), ",
    "CLUSTER lines USING ix": "CLUSTER lines (rebuilding index), ",
    "REINDEX INDEX CONCURRENTLY ix": "100 % of ix_ccnew (building index: scanning table), ",
    "COPY (SELECT hold(n) FROM lines) TO STDOUT": "COPY TO (0 rows), ",
    "UPDATE lines SET n = hold(n)": "",
}


@pytest.mark.parametrize("command", COMMANDS)
def test_the_server_says_what_it_does(database: Database, command: str):
    database.query(LINES)
    database.query("CREATE INDEX ix ON lines (hold(n))")
    engine = sa.create_engine(database.sqlalchemy_url, poolclass=sa.NullPool)
    watch = WorkWatch(engine)
    try:
        with holding(database, "report") as holder:
            worker = threading.Thread(target=work, args=(engine, command))
            worker.start()
            waits = f"waits for a lock held by pid {holder.info.backend_pid} (report)"
            said = COMMANDS[command] + waits
            eventually(f"the server says: {said}", lambda: str(watch.look()) == said, world=watch.look)
        worker.join()
        assert watch.look() is None
    finally:
        watch.close()


def work(engine: sa.Engine, command: str) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not command.startswith("COPY"):
            connection.exec_driver_sql(command)
            return
        with connection.connection.cursor() as cursor, cursor.copy(command) as rows:
            assert len(list(rows)) == len(range(200))


def test_a_revision_that_is_soon_over_has_no_such_line(database, tmp_path: Path):
    ended = run(database, building(tmp_path / "app", "generic").folder)
    assert (ended.code, ended.events("revision_progress")) == (0, []), ended
