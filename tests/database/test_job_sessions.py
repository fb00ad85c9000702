"""The sessions of a run: what holds them, what ends them, and which server and schema they see."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Thread

import psycopg
import pytest

from database.projects.project import make_project
from database.projects.running import run, start, until
from revgate.contract.exits import Exit
from revgate.contract.reasons import Reason
from revgate.migration.errors import Conflict, ConnectionLost
from revgate.migration.failures import Flight, meaning_of
from revgate.migration.patience import Patience
from revgate.migration.postgresql.address import read_address
from revgate.migration.postgresql.session import (
    WHICH_SERVER,
    EngineOptions,
    hold_for_long,
    refuse_two_servers,
    revision_engine,
)
from support.servers import Database, Server

KEEPALIVES = ("tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count", "tcp_user_timeout")
WAITS_FOR_OTHERS = "SELECT count(*) FROM pg_locks WHERE NOT granted"


@pytest.fixture
def database18(servers: Callable[[int], Server]) -> Iterator[Database]:
    fresh = servers(18).new_database()
    yield fresh
    servers(18).drop_database(fresh)


def test_both_kinds_of_session_notice_a_runner_that_is_gone(database: Database):
    with closing(database.connect()) as control:
        hold_for_long(control)
        assert _settings(control) == ["30", "10", "3", "60000"]
    ours = read_address({"REVGATE_DATABASE_URL": database.url})
    with revision_engine(ours, "revgate", EngineOptions(Patience())) as engine, engine.connect() as connection:
        assert _settings(connection.connection.driver_connection) == ["30", "10", "3", "60000"]


def _settings(connection: psycopg.Connection | None) -> list[str]:
    assert connection is not None
    return [connection.execute("SELECT current_setting(%s)", (name,)).fetchone()[0] for name in KEEPALIVES]


def test_the_limits_of_the_role_do_not_end_the_sessions(database18: Database, tmp_path: Path):
    with closing(database18.connect()) as owner:
        for limit in ("transaction_timeout", "idle_session_timeout", "statement_timeout"):
            owner.execute(f"ALTER ROLE {database18.user} SET {limit} = '1s'")
    body = "op.execute('SELECT pg_sleep(2.5)')"
    ended = run(database18, make_project(tmp_path / "app").revision("a1", None, body).folder)
    assert (ended.code, ended.report.current) == (0, ("a1",)), ended


def test_a_transaction_that_a_revision_limits_itself_needs_a_human(database18: Database, tmp_path: Path):
    body = "op.execute(\"SET LOCAL transaction_timeout = '200ms'\")\nop.execute('SELECT pg_sleep(60)')"
    ended = run(database18, make_project(tmp_path / "app").revision("a1", None, body).folder)
    assert (ended.code, ended.report.failed) == (Exit.REVISION_FAILED, "a1"), ended


def test_a_server_that_is_read_only_is_tried_again(server15: Server, database15: Database, tmp_path: Path):
    project = make_project(tmp_path / "app").chain("a1")
    run(database15, project.folder)
    project.revision("a2", "a1")
    server15.query(f"ALTER DATABASE {database15.name} SET default_transaction_read_only = on")
    for ledgers in ([], ["--no-ledger"]):
        ended = run(database15, project.folder, *ledgers)
        assert (ended.code, ended.report.reason) == (Exit.UNREACHABLE, Reason.DATABASE_UNREACHABLE), ended
        assert "read-only" in ended.report.message
    assert run(database15, project.folder, "--target", "a1").report.reason is Reason.UP_TO_DATE


def test_a_database_without_an_encoding_is_served(server15: Server, database15: Database, tmp_path: Path):
    plain = replace(database15, name=f"{database15.name}_ascii")
    encoding = "ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
    server15.query(f"CREATE DATABASE {plain.name} OWNER {plain.user} {encoding}")
    try:
        ended = run(plain, make_project(tmp_path / "app").chain("a1", "a2").folder)
        assert (ended.code, ended.report.current) == (0, ("a2",)), ended
    finally:
        server15.query(f"DROP DATABASE {plain.name} WITH (FORCE)")


def test_sessions_on_two_servers_are_refused(database15: Database, database18: Database):
    with closing(database15.connect()) as one, closing(database18.connect()) as other:
        here, there = one.execute(WHICH_SERVER).fetchone(), other.execute(WHICH_SERVER).fetchone()
        again = one.execute(WHICH_SERVER).fetchone()
    assert here is not None
    assert again is not None
    assert there is not None
    refuse_two_servers(here, again)
    with pytest.raises(ConnectionLost, match="different servers"):
        refuse_two_servers(here, there)


def test_a_version_table_in_a_translated_schema_is_the_one_that_counts(database15: Database, tmp_path: Path):
    tenant = make_project(tmp_path / "tenant", "translating").chain("a1")
    ended = run(database15, tenant.folder)
    assert (ended.code, ended.report.current) == (0, ("a1",)), ended
    public = make_project(tmp_path / "app").revision("a1", None, "pass").revision("a2", "a1", "pass")
    assert run(database15, public.folder).code == 0
    tenant.revision("a2", "a1")
    ended = run(database15, tenant.folder)
    assert ended.report.message == "Database is at a2: applied 1 revision", ended
    assert database15.query("SELECT version_num FROM tenant.alembic_version") == [("a2",)]
    assert database15.query("SELECT DISTINCT version_table_schema FROM revgate.revision_log ORDER BY 1") == [
        ("public",),
        ("tenant",),
    ]


def test_two_histories_that_begin_at_once_wait_for_each_other(database15: Database, tmp_path: Path):
    projects = [make_project(tmp_path / name, "own_schema").chain(name) for name in ("one", "two", "three")]
    for project, schema in zip(projects, ("one", "two", "two"), strict=True):
        _use_schema(project.folder / "migrations" / "env.py", schema, project.folder.name)
    with closing(database15.connect(autocommit=False)) as other:
        other.execute("SELECT pg_advisory_xact_lock(hashtextextended('revgate:ledger', 0))")
        runners = [start(database15, project.folder, "--lock-timeout", "5s") for project in projects]
        until(lambda: database15.query(WAITS_FOR_OTHERS) == [(3,)], lambda: [one.err.read_text() for one in runners])
        other.commit()
    ended = [one.end() for one in runners]
    assert [one.code for one in ended] == [0, 0, 0], ended
    assert database15.query("SELECT count(*) FROM revgate.revision_log") == [(3,)]


def _use_schema(env: Path, schema: str, name: str) -> None:
    words = {'"meta"': f'"{schema}"', '"versions"': f'"versions_{name}"', " applied ": f" applied_{name} "}
    text = env.read_text()
    for word, new in words.items():
        text = text.replace(word, new)
    env.write_text(text)


@pytest.mark.parametrize("statement", ["CREATE SCHEMA IF NOT EXISTS once", "GRANT USAGE ON SCHEMA public TO PUBLIC"])
def test_a_race_in_the_catalog_is_a_conflict(database15: Database, statement: str):
    with closing(database15.connect(autocommit=False)) as one, closing(database15.connect()) as other:
        pid = other.info.backend_pid
        one.execute(statement)
        other.execute("SET statement_timeout = '60s'")
        errors: list[Exception] = []

        def race() -> None:
            try:
                other.execute(statement)
            except psycopg.Error as error:
                errors.append(error)

        thread = Thread(target=race)
        thread.start()
        waits = f"SELECT 1 FROM pg_locks WHERE pid = {pid} AND NOT granted"
        until(lambda: database15.query(waits), lambda: errors)
        one.commit()
        thread.join(timeout=60)
    assert [type(meaning_of(error, Flight())) for error in errors] == [Conflict], errors
