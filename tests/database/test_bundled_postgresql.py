"""What the bundled revisions do on PostgreSQL when an earlier run was cut off, and as SQL that somebody else runs."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.util import CommandError

from support.ledger import alembic, config, eventually, psql, snapshot, start_alembic
from support.servers import Database

ROWS = """
    INSERT INTO currencies (code, name) VALUES ('EUR', 'Euro');
    INSERT INTO accounts (code, name, type, currency_code) VALUES ('1000', 'Cash', 'asset', 'EUR');
    INSERT INTO journals (entry_date) VALUES ('2025-11-01');
    INSERT INTO transaction_lines (journal_id, account_id, amount, currency_code)
    VALUES (1, 1, 10, 'EUR'), (1, 1, -10, 'EUR');
"""
INDEX = """
    SELECT indexrelid, indisvalid, indisunique FROM pg_index
    WHERE indexrelid = to_regclass('idx_transaction_lines_account')
"""
BUILDING = "SELECT pid FROM pg_stat_progress_create_index WHERE index_relid = to_regclass(%s)"
ACTIVITY = "SELECT pid, application_name, state, wait_event_type, left(query, 80) FROM pg_stat_activity"
WAITING = """
    SELECT pid FROM pg_stat_activity
    WHERE query LIKE 'CREATE INDEX CONCURRENTLY%' AND wait_event_type = 'Lock' AND datname = current_database()
      AND clock_timestamp() - query_start > interval '500 ms'
"""
ASKING = """
    SELECT pid FROM pg_stat_activity
    WHERE query LIKE '%pg_stat_progress_create_index AS p%' AND pid <> pg_backend_pid() AND datname = current_database()
"""


def engine_of(database: Database) -> sa.Engine:
    return sa.create_engine(database.sqlalchemy_url, poolclass=sa.NullPool)


def upgrade(database: Database, revision: str) -> None:
    with engine_of(database).connect() as connection:
        command.upgrade(config(connection), revision)


@pytest.fixture
def halfway(database: Database) -> Database:
    """At 0002, with lines that share an account."""
    upgrade(database, "0002")
    database.query(ROWS)
    return database


@pytest.fixture
def halfway15(database15: Database) -> Database:
    upgrade(database15, "0002")
    database15.query(ROWS)
    return database15


@pytest.fixture
def writer(halfway15: Database) -> Iterator[psycopg.Connection]:
    """An app in the middle of a transaction that has written a line: an index build waits for its end."""
    with closing(halfway15.connect(autocommit=False)) as connection:
        connection.execute("UPDATE transaction_lines SET description = 'being written'")
        yield connection


def test_an_invalid_index_that_was_left_behind_is_built_again(halfway):
    with pytest.raises(psycopg.errors.UniqueViolation):
        halfway.query(
            "CREATE UNIQUE INDEX CONCURRENTLY idx_transaction_lines_account ON transaction_lines (account_id)"
        )
    left = halfway.query(INDEX)[0]
    assert left[1:] == (False, True)
    upgrade(halfway, "head")
    built = halfway.query(INDEX)[0]
    assert built[1:] == (True, False)
    assert built[0] != left[0]


def test_a_valid_index_of_an_earlier_try_is_kept(halfway):
    halfway.query("CREATE INDEX CONCURRENTLY idx_transaction_lines_account ON transaction_lines (account_id)")
    built = halfway.query(INDEX)
    upgrade(halfway, "head")
    assert halfway.query(INDEX) == built


def test_an_index_of_that_name_in_another_schema_is_not_ours(halfway, server):
    server.query(f'GRANT CREATE ON DATABASE "{halfway.name}" TO "{halfway.user}"')
    halfway.query("CREATE SCHEMA theirs")
    halfway.query("CREATE TABLE theirs.transaction_lines (account_id integer)")
    halfway.query("CREATE INDEX idx_transaction_lines_account ON theirs.transaction_lines (account_id)")
    upgrade(halfway, "head")
    found = halfway.query("SELECT count(*) FROM pg_class WHERE relname = 'idx_transaction_lines_account'")
    assert found == [(2,)]


def test_a_run_after_a_killed_one_waits_for_the_build_that_the_server_still_does(halfway15, writer):
    name = "idx_transaction_lines_account"
    killed = start_alembic(halfway15.url, "upgrade", "head")
    eventually(lambda: halfway15.query(BUILDING, name), lambda: halfway15.query(ACTIVITY))
    killed.kill()
    killed.wait()
    orphan = halfway15.query(INDEX)[0]
    assert orphan[1] is False
    second = start_alembic(halfway15.url, "upgrade", "head")
    try:
        eventually(lambda: halfway15.query(ASKING), lambda: halfway15.query(ACTIVITY))
        writer.rollback()
        assert second.wait(timeout=60) == 0
    finally:
        second.kill()
        second.wait()
    assert halfway15.query(INDEX) == [(orphan[0], True, False)]
    assert halfway15.query("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == [(0,)]


def test_an_index_build_outlasts_the_lock_timeout_which_is_back_afterwards(halfway15, writer):
    def end_the_writer_once_the_build_has_waited_long() -> None:
        try:
            eventually(lambda: halfway15.query(WAITING), lambda: halfway15.query(ACTIVITY))
        finally:
            writer.rollback()

    with engine_of(halfway15).connect() as connection, ThreadPoolExecutor(1) as beside:
        connection.exec_driver_sql("SET lock_timeout = '50ms'")
        connection.exec_driver_sql("SET statement_timeout = '250ms'")
        connection.commit()
        released = beside.submit(end_the_writer_once_the_build_has_waited_long)
        command.upgrade(config(connection), "0003")
        released.result()
        assert connection.exec_driver_sql("SHOW lock_timeout").scalar_one() == "50ms"
        assert connection.exec_driver_sql("SHOW statement_timeout").scalar_one() == "250ms"
    assert halfway15.query(INDEX)[0][1:] == (True, False)


def test_0006_goes_on_after_a_try_that_only_added_the_column(database):
    upgrade(database, "0005")
    database.query("ALTER TABLE journals ADD COLUMN idempotency_key varchar(255)")
    upgrade(database, "0006")
    found = database.query(
        "SELECT indisunique, indisvalid FROM pg_index JOIN pg_class ON oid = indexrelid "
        "WHERE relname = 'idx_journals_idempotency_key'"
    )
    assert found == [(True, True)]


def test_the_sql_of_an_upgrade_makes_the_same_schema_as_the_upgrade(database, server):
    other = server.new_database()
    try:
        upgrade(database, "head")
        psql(other, _sql(other, "upgrade", "head"))
        assert snapshot(engine_of(other)) == snapshot(engine_of(database))
        assert other.query("SELECT version_num FROM alembic_version") == [("0008",)]
        psql(other, _sql(other, "downgrade", "head:base"))
        assert snapshot(engine_of(other)) == []
    finally:
        server.drop_database(other)


def test_the_sql_can_be_written_without_any_database(database15):
    done = alembic(None, "-x", "dialect=postgresql", "upgrade", "head", "--sql")
    assert done.returncode == 0, done.stderr
    assert done.stdout == _sql(database15, "upgrade", "head")


def test_a_plain_alembic_goes_up_and_down_in_the_repository_and_tells_no_password(database15):
    for arguments in (("upgrade", "head"), ("check",), ("downgrade", "base")):
        done = alembic(database15.url.replace("postgresql://", "postgresql+asyncpg://"), *arguments)
        assert done.returncode == 0, done.stderr
        assert database15.password not in done.stdout + done.stderr
    assert snapshot(engine_of(database15)) == []


@pytest.mark.parametrize("arguments", [("upgrade", "head"), ("upgrade", "head", "--sql")])
def test_a_url_that_is_none_is_refused_without_showing_it(arguments):
    for url in ("postgresql://me:hunter2@host:port/x", "hunter2"):
        done = alembic(url, *arguments)
        assert done.returncode != 0
        assert "DATABASE_URL is not a database URL" in done.stdout + done.stderr
        assert "hunter2" not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr


def test_a_database_that_lets_nobody_in_is_named_in_one_sentence(server15):
    port = server15.port
    url = f"postgresql://me:hunter2@127.0.0.1:{port}/nothing_here"
    done = alembic(url, "upgrade", "head")
    assert done.returncode != 0
    assert f"Could not connect to nothing_here on 127.0.0.1:{port}" in done.stdout
    assert "hunter2" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_connection_in_a_transaction_is_refused(database15):
    with engine_of(database15).begin() as connection, pytest.raises(CommandError, match="is in a transaction"):
        command.upgrade(config(connection), "head")
    assert snapshot(engine_of(database15)) == []


def _sql(database: Database, *arguments: str) -> str:
    done = alembic(database.url, *arguments, "--sql")
    assert done.returncode == 0, done.stderr
    return done.stdout
