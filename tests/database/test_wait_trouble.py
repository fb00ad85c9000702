"""`revgate wait` when something is wrong: it keeps waiting, says what, and never shows a password."""

import signal
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from urllib.parse import quote

import pytest

from support.gate import migrated, recorded, waiting
from support.ledger import eventually
from support.pooler import pooled
from support.servers import running_server


def test_a_server_that_goes_down_and_comes_back_is_waited_for(tmp_path):
    with running_server(15) as server:
        database = server.new_database()
        migrated(database, "0007")
        with waiting(tmp_path, database.url, "--requires", "0008") as gate:
            gate.says("Database is at 0007")
            server.stop()
            gate.says("was not reached: ")
            server.start()
            database.query("UPDATE alembic_version SET version_num = '0008'")
            assert gate.ends() == 0
            assert database.password not in gate.log.read_text()


def test_through_a_transaction_pooler_the_gate_opens_and_leaves_nothing_behind(database, tmp_path):
    migrated(database, "0007")
    recorded(database, upto="0008")
    with pooled(database) as pool, waiting(tmp_path, pool.url, "--requires", "0008") as gate:
        gate.says("Database is at 0007, 0008 is required and not applied yet")
        assert pool.query("SELECT count(*) FROM pg_prepared_statements") == [(0,)]
        own = "('application_name', 'client_encoding')"  # PgBouncer sets these itself for each client
        assert pool.query(f"SELECT name FROM pg_settings WHERE source = 'session' AND name NOT IN {own}") == []
        database.query("UPDATE alembic_version SET version_num = '0008'")
        assert gate.ends() == 0


def test_through_a_transaction_pooler_an_older_release_passes_too(database15, tmp_path):
    migrated(database15, "0008")
    recorded(database15, upto="0008")
    with pooled(database15) as pool, waiting(tmp_path, pool.url, "--requires", "0006") as gate:
        assert gate.ends() == 0


def test_a_pooler_whose_server_is_down_is_waited_for(tmp_path):
    with running_server(15) as server:
        database = server.new_database()
        migrated(database, "0007")
        with pooled(database) as pool, waiting(tmp_path, pool.url, "--requires", "0008") as gate:
            gate.says("Database is at 0007")
            server.stop()
            gate.says(f"Database {database.name} on 127.0.0.1:{pool.port} gave no answer within 10 s")
            server.start()
            database.query("UPDATE alembic_version SET version_num = '0008'")
            assert gate.ends() == 0


TROUBLES = {
    "the password is wrong": ({"password": "wr%ng"}, "refused user"),
    "the user is unknown": ({"user": "nobody_knows"}, "refused user nobody_knows"),
    "the database is unknown": ({"name": "no_such"}, "Database no_such on 127.0.0.1:"),
    "the host is unknown": ({"host": "no-such-host.invalid"}, "Host of database"),
}


@pytest.mark.parametrize(("changed", "words"), TROUBLES.values(), ids=TROUBLES.keys())
def test_the_gate_waits_and_says_that_the_pod_must_go_when(database, tmp_path, changed, words):
    wrong = replace(database, **changed)
    with waiting(tmp_path, wrong.url, "--requires", "0008") as gate:
        assert "delete this pod: a mended Secret is seen by new pods only" in gate.says(words)
        assert gate.stop() == 143
        said = gate.log.read_text() + gate.message.read_text()
        assert not [form for form in (wrong.password, quote(wrong.password), quote(wrong.password, "")) if form in said]


def test_a_port_where_nobody_listens_is_waited_for(database15, tmp_path):
    with waiting(tmp_path, replace(database15, port=1).url, "--requires", "0008", "--timeout", "1s") as gate:
        assert gate.ends() == 1
        assert "Connection refused" in gate.lines[0]


def test_the_deadline_ends_the_wait_with_the_last_state(database15, tmp_path):
    migrated(database15, "0007")
    recorded(database15, upto="0007")
    with waiting(tmp_path, database15.url, "--requires", "0008", "--timeout", "1500ms") as gate:
        assert gate.ends() == 1
        state = "Database is at 0007, 0008 is required and not applied yet"
        assert gate.message.read_text() == gate.lines[-1] == f"Wait was not over within 1.5 s: {state}"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_the_wait_with_its_code(database15, tmp_path, number, code):
    with waiting(tmp_path, database15.url, "--requires", "0008") as gate:
        gate.says("was never migrated")
        gate.process.send_signal(number)
        assert gate.ends() == code
        assert gate.message.read_text().startswith(f"Wait was stopped by {number.name}: Database {database15.name}")


@pytest.fixture
def locked(database15):
    """Give a database whose version table cannot be read, for somebody holds a lock on it."""
    migrated(database15, "0007")
    with closing(database15.connect(autocommit=False)) as blocker:
        blocker.execute("LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE")
        yield database15


def waiters(database) -> int:
    statement = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"
    return database.query(statement, database.name)[0][0]


def test_a_signal_ends_a_gate_whose_statement_waits_for_a_lock(locked, tmp_path):
    with waiting(tmp_path, locked.url, "--requires", "0008") as gate:
        eventually(lambda: waiters(locked), lambda: gate.lines)
        assert gate.stop() == 143


def test_the_deadline_ends_a_gate_whose_statement_waits_for_a_lock(locked, tmp_path):
    with waiting(tmp_path, locked.url, "--requires", "0008", "--timeout", "2s") as gate:
        assert gate.ends() == 1
        assert gate.lines == ["Wait was not over within 2 s: nothing was read yet"]


def test_a_gate_that_gets_no_answer_says_so_and_leaves_no_statement_waiting(locked, tmp_path):
    with waiting(tmp_path, locked.url, "--requires", "0008") as gate:
        gate.says("gave no answer within 10 s: a lock on the version table or a pooler keeps it waiting")
        eventually(lambda: waiters(locked) <= 1, lambda: waiters(locked))
        assert gate.stop() == 143


def test_a_database_in_sql_ascii_is_read_as_text(server15, tmp_path):
    database = server15.new_database()
    try:
        server15.query(f"DROP DATABASE {database.name}")
        server15.query(f"CREATE DATABASE {database.name} OWNER {database.user} TEMPLATE template0 ENCODING 'SQL_ASCII'")
        migrated(database, "0008")
        recorded(database, upto="0008")
        with waiting(tmp_path, database.url, "--requires", "0006") as gate:
            assert gate.ends() == 0
    finally:
        server15.drop_database(database)


def test_a_url_for_sqlalchemy_and_asyncpg_is_understood(database15, tmp_path):
    migrated(database15, "0008")
    url = (
        database15.url.replace("postgresql://", "postgresql+asyncpg://") + "?prepared_statement_cache_size=0&ssl=prefer"
    )
    with waiting(tmp_path, "", "--requires", "0008", environment={"DATABASE_URL": url}) as gate:
        assert gate.ends() == 0


def test_the_parts_of_an_address_are_understood(database15, tmp_path):
    migrated(database15, "0008")
    parts = {
        "REVGATE_DATABASE_HOST": database15.host,
        "REVGATE_DATABASE_PORT": str(database15.port),
        "REVGATE_DATABASE_NAME": database15.name,
        "REVGATE_DATABASE_USER": database15.user,
        "REVGATE_DATABASE_PASSWORD": database15.password,
    }
    with waiting(tmp_path, "", environment={"REVGATE_REQUIRES": "0008"} | parts) as gate:
        assert gate.ends() == 0


def test_the_required_revision_may_be_the_apps_own_constant(database15, tmp_path):
    migrated(database15, "0008")
    with waiting(tmp_path, database15.url, "--requires-from", "revgate:__version_schema__") as gate:
        assert gate.ends() == 0


MISTAKES = {
    "no database is given": ("", ("--requires", "1"), "No database was given"),
    "nothing is required": ("postgresql://app:sEcret@db/x", (), "No revision is required"),
    "the URL is malformed": ("postgresql://app:sEc@ret@db/x", ("--requires", "1"), "REVGATE_DATABASE_URL is not a"),
    "the named variable is missing": ("", ("--requires", "1", "--database-url-env", "X"), "X is not set"),
}


@pytest.mark.parametrize(("url", "arguments", "start"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_in_the_pod_template_ends_at_once_with_two_when(tmp_path, url, arguments, start):
    with waiting(tmp_path, url, *arguments) as gate:
        assert gate.ends() == 2
        assert gate.message.read_text().startswith(start)
        assert "sEc" not in gate.log.read_text()


def test_a_termination_message_that_cannot_be_written_does_not_stop_the_gate(database15, tmp_path):
    migrated(database15, "0008")
    environment = {"REVGATE_TERMINATION_MESSAGE": str(tmp_path / "no" / "folder")}
    with waiting(tmp_path, database15.url, "--requires", "0008", environment=environment) as gate:
        assert gate.ends() == 0
        assert gate.lines == ["Database is at 0008", "Termination message was not written: No such file or directory"]


def test_the_gate_imports_neither_sqlalchemy_nor_alembic_nor_structlog():
    code = "import sys, revgate.cli.wait, revgate.gate.loop; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert not {"sqlalchemy", "alembic", "structlog", "kopf", "kubernetes", "pydantic"} & set(done.stdout.split())
