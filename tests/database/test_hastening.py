"""Many revisions wait for the disk once, and then all of them are on it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from database.projects.project import make_project
from revgate import MigrationRunner
from support.servers import Database, Server, running_server

NOTE = "op.execute(\"INSERT INTO settings SELECT current_setting('synchronous_commit')\")"
EMIT = "pg_catalog.pg_logical_emit_message(boolean, text, text)"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server of our own, for it is stopped as a crash would stop it; nobody writes its log but who waits for that."""
    with running_server(15) as running:
        running.query("ALTER SYSTEM SET wal_writer_delay = '10s'")
        running.query("ALTER SYSTEM SET wal_writer_flush_after = '1GB'")
        running.query("SELECT pg_reload_conf()")
        yield running


@pytest.fixture
def database(server: Server) -> Iterator[Database]:
    made = server.new_database()
    yield made
    server.drop_database(made)


def upgraded(database: Database, folder: Path, revisions: int) -> list[str]:
    """Apply so many revisions; return with which setting of synchronous_commit each ran."""
    project = make_project(folder / "app")
    for at in range(revisions):
        body = f"op.execute('CREATE TABLE settings (value text)')\n{NOTE}" if at == 0 else NOTE
        project.revision(f"r{at:02}", f"r{at - 1:02}" if at else None, body)
    engine = sa.create_engine(database.sqlalchemy_url, poolclass=sa.NullPool)
    runner = MigrationRunner(engine, project.folder / "alembic.ini")
    runner.upgrade_to_version("r00")  # by itself: what is granted after the first one waits for the disk in any case
    runner.upgrade_to_head()
    return [row[0] for row in database.query("SELECT value FROM settings")]


def test_a_few_revisions_each_wait(database, tmp_path):
    assert upgraded(database, tmp_path, 11) == ["on"] * 11


def test_what_an_upgrade_of_many_has_reported_survives_a_crash(server, database, tmp_path):
    assert upgraded(database, tmp_path, 30) == ["on"] + ["off"] * 29
    server.stop()
    server.start()
    assert database.query("SELECT version_num FROM alembic_version") == [("r29",)]
    assert database.query("SELECT count(*) FROM settings") == [(30,)]
    assert database.query("SELECT count(*) FROM revgate.revision_log WHERE state = 'applied'") == [(30,)]


def test_who_may_not_write_the_last_record_waits_each_time(server, database, tmp_path):
    superuser = Database(database.host, database.port, database.name, server.superuser, server.password)
    superuser.query(f"REVOKE EXECUTE ON FUNCTION {EMIT} FROM PUBLIC")
    assert upgraded(database, tmp_path, 12) == ["on"] * 12
