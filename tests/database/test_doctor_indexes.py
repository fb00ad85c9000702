"""What the doctor says of indexes that PostgreSQL does not use."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from database.projects.project import Project, make_project
from revgate.migration.doctor import State
from support.diagnosis import diagnosed, make_invalid, superuser
from support.servers import Database
from support.waiting import eventually


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "app").chain("r1", "r2", "r3")


_NEW_INDEX = "SELECT 1 FROM pg_class WHERE relname = 'ix_twice_ccnew'"


def test_an_invalid_index_is_told_with_what_mends_it(database, project):
    make_invalid(database)
    (told,) = diagnosed(database.url, project).problems
    assert told.startswith('indexes: Index "public"."ix_twice" on twice is invalid')
    assert "nor keeps duplicates out" in told
    database.query("DELETE FROM twice")
    database.query(told.partition("REINDEX")[1] + told.partition("REINDEX")[2].partition(",")[0])
    assert diagnosed(database.url, project).problems == []


def test_what_a_failed_reindex_left_is_to_be_dropped(database15, project):
    database15.query("CREATE TABLE twice (id int)")
    database15.query("CREATE UNIQUE INDEX ix_twice ON twice (id)")
    with _held_back(database15), _in_background(database15, "REINDEX INDEX CONCURRENTLY ix_twice") as builder:
        eventually("the new index is there", lambda: database15.query(_NEW_INDEX))
        database15.query("SELECT pg_terminate_backend(%s)", builder)
    problems = eventually("the builder is gone", lambda: diagnosed(database15.url, project).problems)
    assert problems[0].endswith('DROP INDEX CONCURRENTLY "public"."ix_twice_ccnew"')
    database15.query('DROP INDEX CONCURRENTLY "public"."ix_twice_ccnew"')
    assert diagnosed(database15.url, project).problems == []


@pytest.mark.parametrize("by_another_role", [False, True], ids=["by us", "by another role"])
def test_an_index_that_is_being_built_is_to_be_waited_for(server, database, project, by_another_role):
    database.query("CREATE TABLE slow (id int)")
    database.query("CREATE TABLE other (id int)")
    build = "CREATE INDEX CONCURRENTLY ix_slow ON slow (id)"
    connect = (lambda: superuser(server, database)) if by_another_role else database.connect
    with _held_back(database), _in_background(database, build, connect) as builder:
        eventually("the index is there", lambda: database.query("SELECT 1 FROM pg_class WHERE relname = 'ix_slow'"))
        found = diagnosed(database.url, project).of("indexes")
    assert found.state is State.WARNING
    assert found.sentence == f'Index "public"."ix_slow" on slow is being built by pid {builder}: wait for it'


def test_a_partitioned_index_without_its_parts_is_a_warning(database15, project):
    database15.query("CREATE TABLE parts (id int) PARTITION BY RANGE (id)")
    database15.query("CREATE TABLE part PARTITION OF parts FOR VALUES FROM (0) TO (9)")
    database15.query("CREATE INDEX ix_parts ON ONLY parts (id)")
    found = diagnosed(database15.url, project)
    assert found.problems == []
    assert 'ALTER INDEX "public"."ix_parts" ATTACH PARTITION' in found.of("indexes").sentence


@contextmanager
def _held_back(database: Database) -> Iterator[None]:
    """Hold an old snapshot, for which every concurrent build waits."""
    with closing(database.connect(autocommit=False)) as holder:
        holder.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        holder.execute("SELECT 1 FROM pg_class LIMIT 1")
        yield


@contextmanager
def _in_background(
    database: Database, statement: str, connect: Callable[[], psycopg.Connection] | None = None
) -> Iterator[int]:
    """Run a statement in a thread and yield the pid of its session; it is ended with the block."""
    connection = (connect or database.connect)()

    def work() -> None:
        with suppress(psycopg.Error):
            connection.execute(statement)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield connection.info.backend_pid
    finally:
        connection.cancel_safe()
        thread.join(timeout=60)
        connection.close()
