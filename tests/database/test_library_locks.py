"""Locks: runners wait for each other, tables that others have locked are tried again, and a backup comes first."""

import subprocess
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from database.projects.running import key_of, until
from revgate import MigrationRunner
from revgate.migration.backups.backup import Backup, BackupFailed
from revgate.migration.errors import LockHeld, LockTimeout
from support.diagnosis import superuser
from support.library import Place, answer, runs_of, sqlite_place
from support.library_project import Project, make_project
from support.servers import Database, Server

pytest_plugins = ["support.library_fixtures"]
pytestmark = pytest.mark.timeout(90)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "app").chain("a1", "a2")


def in_thread(call: Callable[[], Any]) -> tuple[threading.Thread, list[BaseException]]:
    failed: list[BaseException] = []

    def work() -> None:
        try:
            call()
        except BaseException as error:  # noqa: BLE001  the test looks at it
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    return thread, failed


def held_by_a_run(place: Place, project: Project) -> tuple[threading.Event, Callable[[], list[BaseException]]]:
    """Start a run that holds its lock, in a hook, until the event is set."""
    inside, go_on = threading.Event(), threading.Event()
    runner = place.runner(project.config)

    def wait() -> None:
        inside.set()
        assert go_on.wait(60)

    runner.hook("before_upgrade", wait)
    thread, failed = in_thread(runner.upgrade_to_head)
    assert inside.wait(60), failed

    def end() -> list[BaseException]:
        go_on.set()
        thread.join(60)
        return failed

    return go_on, end


def test_a_second_runner_waits_and_then_has_nothing_to_do(few: Place, project: Project):
    go_on, end = held_by_a_run(few, project)
    second = few.runner(project.config)
    thread, failed = in_thread(second.upgrade_to_head)
    threading.Timer(0.6, go_on.set).start()
    thread.join(60)
    assert (end(), failed, few.heads()) == ([], [], ["a2"])
    assert (runs_of(second), second.last_result.current) == ([], ("a2",))
    assert second.last_result.lock_wait_seconds > 0.1
    assert few.ledger() == {"a1": "applied", "a2": "applied"}


def test_a_lock_that_is_held_for_too_long_names_its_holder(few: Place, project: Project):
    _, end = held_by_a_run(few, project)
    try:
        for call in ("upgrade_to_head", "stamp"):
            runner = few.runner(project.config, lock_wait=0.2)
            given = ["a1"] if call == "stamp" else []
            with pytest.raises(LockHeld, match=r"held by .*(pid|process) \d+") as caught:
                getattr(runner, call)(*given)
            assert runner.last_result.error is caught.value
        assert few.runner(project.config).get_pending_migrations() == ["a1", "a2"]
    finally:
        assert end() == []
    assert few.heads() == ["a2"]


def test_a_link_to_a_file_has_the_lock_of_the_file(tmp_path: Path, project: Project):
    place = sqlite_place("pysqlite", tmp_path)
    link = tmp_path / "elsewhere" / "link.db"
    link.parent.mkdir()
    link.symlink_to(tmp_path / "library.db")
    _, end = held_by_a_run(place, project)
    try:
        for url in (f"sqlite:///{link}", f"sqlite:///file:{tmp_path}/library.db?uri=true"):
            with pytest.raises(LockHeld, match=r"library.db.migrate.lock was held by pid \d+ \(.+, \d+ s\)"):
                MigrationRunner(sa.create_engine(url), project.config, lock_wait=0).upgrade_to_head()
    finally:
        assert end() == []
    assert [path.name for path in link.parent.iterdir()] == ["link.db"]


def test_a_deadlock_is_tried_again(
    postgresql: Place, server15: Server, database15: Database, project: Project, tmp_path: Path
):
    """A deadlock is found by a session that has waited for a second, and the other one looks after a minute only."""
    postgresql.runner(project.config).upgrade_to_head()
    crossed = tmp_path / "crossed"
    wait = f"import pathlib, time\nwhile not pathlib.Path({str(crossed)!r}).exists(): time.sleep(0.01)"
    project.add("a3", "a2", f"op.execute('LOCK TABLE t_a1')\n{wait}\nop.execute('LOCK TABLE t_a2')", undo="pass")
    locks = "SELECT 1 FROM pg_locks WHERE {} AND mode = 'AccessExclusiveLock' AND relation = 't_a1'::regclass"
    with closing(superuser(server15, database15)) as other:
        other.autocommit = False
        other.execute("SET deadlock_timeout = '1min'")
        other.execute("LOCK TABLE t_a2")
        thread, failed = in_thread(postgresql.runner(project.config, lock_timeout=0).upgrade_to_head)
        until(lambda: database15.query(locks.format("granted")), lambda: failed)
        blocked, lost = in_thread(lambda: other.execute("LOCK TABLE t_a1"))
        until(lambda: database15.query(locks.format("NOT granted")), lambda: lost)
        crossed.touch()
        blocked.join(60)
    thread.join(60)
    assert (failed, lost, postgresql.heads()) == ([], [], ["a3"])


def test_another_session_with_the_lock_is_named(postgresql: Place, database15: Database, project: Project):
    with closing(database15.connect(application_name="nightly-report")) as other:
        other.execute("SELECT pg_advisory_lock(%s)", (key_of(database15),))
        with pytest.raises(LockHeld, match="nightly-report"):
            postgresql.runner(project.config, lock_wait=0).upgrade_to_head()
    assert postgresql.everything() == []


def locked_table(database: Database) -> psycopg.Connection:
    """Return a session in a transaction that has locked the table t_a1."""
    other = database.connect(autocommit=False, application_name="nightly-report")
    other.execute("LOCK TABLE t_a1 IN ACCESS SHARE MODE")
    return other


def altering(project: Project) -> Project:
    return project.add("a3", "a2", "op.add_column('t_a1', sa.Column('more', sa.Integer))")


def test_a_table_that_somebody_else_has_locked_is_named(postgresql: Place, database15: Database, project: Project):
    postgresql.runner(project.config).upgrade_to_head()
    altering(project)
    runner = postgresql.runner(project.config, lock_retries=0, lock_timeout=0.3)
    with closing(locked_table(database15)) as other:
        with pytest.raises(LockTimeout, match=r"a3 .*could not obtain lock.*nightly-report") as caught:
            runner.upgrade_to_head()
        assert str(other.info.backend_pid) in str(caught.value)
        assert caught.value.failed == "a3"
    assert (postgresql.heads(), runs_of(runner)) == (["a2"], [])


def test_a_lock_timeout_is_tried_again_until_the_table_is_free(
    postgresql: Place, database15: Database, project: Project
):
    postgresql.runner(project.config).upgrade_to_head()
    altering(project).add("a4", "a3")
    tries: list[str] = []
    runner = postgresql.runner(project.config, lock_timeout=0.1)
    with closing(locked_table(database15)) as other:

        def free_at_the_second_try(revision: str) -> None:
            tries.append(revision)
            if tries.count("a3") == 2:
                other.rollback()

        runner.hook("before_revision", free_at_the_second_try)
        runner.upgrade_to_head()
    assert (tries, postgresql.heads()) == (["a3", "a3", "a4"], ["a4"])
    assert runs_of(runner) == [("a3", "upgrade"), ("a4", "upgrade")]


def test_nobody_waits_long_behind_a_revision_that_waits(postgresql: Place, database15: Database, project: Project):
    postgresql.runner(project.config).upgrade_to_head()
    altering(project)
    with closing(locked_table(database15)) as other, closing(database15.connect()) as app:
        thread, failed = in_thread(postgresql.runner(project.config, lock_timeout=0.2, lock_retries=50).upgrade_to_head)
        until(lambda: database15.query("SELECT 1 FROM pg_locks WHERE NOT granted"), lambda: failed)
        app.execute("SET statement_timeout = '5s'")
        app.execute("SELECT * FROM t_a1")  # behind the revision's ACCESS EXCLUSIVE, which gives way
        assert thread.is_alive()
        other.rollback()
        thread.join(60)
    assert (failed, postgresql.heads()) == ([], ["a3"])


def test_a_downgrade_meets_the_same_limits(postgresql: Place, database15: Database, project: Project):
    postgresql.runner(project.config).upgrade_to_head()
    runner = postgresql.runner(project.config, lock_timeout=0.2)
    with closing(locked_table(database15)), pytest.raises(LockTimeout, match=r"a1 .*nightly-report"):
        runner.downgrade(target="base")
    assert postgresql.heads() == ["a1"]  # a2 was undone before
    runner.downgrade(target="base")
    assert postgresql.tables() == []


def test_a_backup_is_taken_before_the_first_statement(few: Place, project: Project, tmp_path: Path):
    folder = tmp_path / "backups"
    folder.mkdir()
    runner = few.runner(project.config, backup=Backup(folder))
    runner.upgrade_to_version("a1")
    runner.upgrade_to_head()
    runner.upgrade_to_head()
    files = sorted(path.name for path in folder.iterdir() if path.suffix != ".json")
    assert len(files) == 2, files  # none for a run that had nothing to do
    assert few.heads() == ["a2"]


def test_a_backup_that_fails_stops_before_the_first_statement(few: Place, project: Project, tmp_path: Path):
    called: list[object] = []
    runner = few.runner(project.config, backup=Backup(tmp_path / "not-mounted"))
    runner.hook("before_revision", called.append)
    with pytest.raises(BackupFailed, match="not-mounted"):
        runner.upgrade_to_head()
    assert (few.everything(), called) == ([], [])
    assert isinstance(runner.last_result.error, BackupFailed)


def by_arguments(database: Database) -> sa.Engine:
    url = sa.URL.create("postgresql+psycopg", database.user, None, database.host, database.port, database.name)
    return sa.create_engine(url, connect_args={"password": database.password})


def by_creator(database: Database) -> sa.Engine:
    return sa.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(database.url))


def by_asyncpg(database: Database) -> Any:
    url = sa.URL.create("postgresql+asyncpg", database.user, None, database.host, database.port, database.name)
    return create_async_engine(url, connect_args={"password": database.password, "server_settings": {"jit": "off"}})


@pytest.mark.parametrize("make", [by_arguments, by_creator, by_asyncpg])
def test_a_backup_is_of_the_database_that_is_migrated(
    database15: Database, project: Project, tmp_path: Path, make: Callable[[Database], Any]
):
    database15.query("CREATE TABLE before_everything (id integer)")
    runner = MigrationRunner(make(database15), project.config, backup=Backup(tmp_path))
    answer(runner.upgrade_to_head())
    (dump,) = tmp_path.glob("*.dump")
    assert database15.name in dump.name
    listed = subprocess.run(["pg_restore", "--list", dump], capture_output=True, text=True, check=True)
    assert "TABLE public before_everything" in listed.stdout
    assert "t_a1" not in listed.stdout
