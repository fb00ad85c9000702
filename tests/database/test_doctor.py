"""What the doctor finds in real databases with real faults."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from database.projects.project import Project, make_project
from revgate.migration.doctor import Check, State
from support.diagnosis import diagnosed, make_invalid
from support.gate import migrated
from support.pooler import pooled
from support.ports import free_port
from support.servers import SETTINGS, SUPERVISOR, Database, Postmaster, Server, running_server
from support.waiting import eventually


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "app").chain("r1", "r2", "r3")


def test_a_new_database_has_no_problem(server, database, project):
    found = diagnosed(database.url, project)
    assert (found.problems, found.warnings) == ([], [])
    assert found.of("URL").sentence == f"TEST_URL names {database.name} on {database.host}:{database.port}"
    assert found.of("driver").sentence.startswith("psycopg 3.")
    assert found.of("connection").sentence.endswith(f"/{database.name} as {database.user}, on this machine")
    assert found.of("server").sentence == f"PostgreSQL {server.major}"
    assert "nothing was migrated yet" in found.of("version table").sentence
    assert found.of("revisions").sentence.endswith("`revgate upgrade` will apply r1, r2, r3")
    assert found.of("indexes").sentence == "No index is invalid"
    assert "client_connection_check_interval" in found.of("killed runners").sentence
    assert database.password not in str(found)


def test_looking_leaves_nothing_behind(database, project):
    diagnosed(database.url, project)
    assert database.query("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace") == [(0,)]
    assert database.query("SELECT count(*) FROM pg_namespace WHERE nspname = 'revgate'") == [(0,)]


def test_a_migrated_database_has_no_problem(database15, project):
    migrated(database15, "r2")
    found = diagnosed(database15.url, project)
    assert (found.problems, found.warnings) == ([], [])
    assert found.of("version table").sentence == "public.alembic_version is there"
    assert found.of("revisions").sentence == "Database is at r2, and `revgate upgrade` will apply r3"


def test_an_async_driver_is_told_what_is_used_for_it(database15, project):
    url = database15.url.replace("postgresql://", "postgresql+asyncpg://")
    assert "TEST_URL names the async driver asyncpg" in diagnosed(url, project).of("driver").sentence


def test_a_revision_that_nobody_knows_is_a_problem(database15, project):
    migrated(database15, "elsewhere")
    found = diagnosed(database15.url, project)
    assert found.problems == [
        (
            "revisions: Database is at elsewhere, which neither this image nor the ledger knows; newest here is r3: "
            "deploy an image that has that revision"
        )
    ]


def test_several_heads_are_a_problem(database15, project):
    project.revision("r3b", "r2")
    found = diagnosed(database15.url, project)
    assert "has 2 heads, r3 and r3b: join them with `alembic merge heads`" in found.of("scripts").sentence
    assert found.of("scripts").state is State.PROBLEM


def test_broken_scripts_do_not_hide_what_else_is_wrong(database15, project):
    project.revision("r4", "r3", body="(")
    make_invalid(database15)
    found = diagnosed(database15.url, project)
    assert "r4_change.py could not be imported" in found.of("scripts").sentence
    assert found.of("indexes").state is State.PROBLEM


def test_tables_without_a_version_table_are_a_warning(database15, project):
    database15.query("CREATE TABLE a (id int)")
    database15.query("CREATE TABLE b (id int)")
    (told,) = diagnosed(database15.url, project).warnings
    assert "public.alembic_version is missing beside 2 other tables" in told
    assert "`revgate stamp REVISION`" in told


def test_a_url_that_cannot_be_read_is_not_shown(project):
    found = diagnosed("secret-word", project)
    assert found.of("URL").state is State.PROBLEM
    assert "secret-word" not in str(found)


def test_a_refused_password_and_a_missing_database_are_told(database15, project):
    found = diagnosed(replace(database15, password="wrong-word").url, project)
    assert found.problems[0].startswith("connection: Database server at 127.0.0.1 refused user")
    assert "wrong-word" not in str(found)
    found = diagnosed(replace(database15, name="nowhere").url, project)
    assert found.problems == ["connection: Database nowhere does not exist on 127.0.0.1: create it first"]


def test_an_unreachable_server_is_told_at_once(project):
    (told,) = diagnosed("postgresql://app@127.0.0.1:1/app", project).problems
    assert told.startswith("connection: Database server at 127.0.0.1:1/app could not be reached")


def test_a_pooler_is_a_problem(database15, project):
    with pooled(database15) as behind:
        (told,) = diagnosed(behind.url, project).problems
    assert told.startswith("pooler: The database URL leads to a connection pooler")


def test_a_pooler_of_sessions_is_none_where_it_is_promised(database15, project, monkeypatch):
    monkeypatch.setenv("REVGATE_POOLER", "session")
    with pooled(database15, "session") as behind:
        assert diagnosed(behind.url, project).problems == []
    with pooled(database15) as behind:
        (told,) = diagnosed(behind.url, project).problems
    assert told.startswith("pooler: REVGATE_POOLER promises a pooler of sessions, but one session of the server served")


def test_read_only_sessions_are_a_problem(server15, database15, project):
    server15.query(f"ALTER ROLE {database15.user} SET default_transaction_read_only = on")
    (told,) = diagnosed(database15.url, project).problems
    assert told.startswith("writes: Sessions of this user are read-only: look for default_transaction_read_only")


def test_a_standby_is_a_problem(server15, project):
    with _standby(server15) as url:
        told = diagnosed(url, project).of("writes")
    assert told == Check(
        "writes", State.PROBLEM, "Server is a standby, which takes no writes: give the URL of the primary"
    )


@contextmanager
def _standby(server: Server) -> Iterator[str]:
    """Run a standby of a server, made by its own programs in a folder that its user can write to."""
    binaries = Path(next(word for word in server.postmaster.command if word.endswith("/postgres"))).parent
    as_user = server.postmaster.command[: server.postmaster.command.index("/bin/sh")]
    folder = Path(tempfile.mkdtemp(prefix="revgate-standby-"))
    shutil.chown(folder, *(2 * [server.postmaster.log.parent.owner()]))
    where = make_conninfo(host=server.host, port=server.port, user=server.superuser, password=server.password)
    try:
        subprocess.run(
            [*as_user, binaries / "pg_basebackup", "-d", where, "-D", folder / "data", "-R", "--checkpoint=fast", "-N"],
            check=True,
            cwd="/",
        )
        port = free_port()
        settings = [f"--{name}={value}" for name, value in {**SETTINGS, "port": port}.items()]
        command = (*as_user, "/bin/sh", "-c", SUPERVISOR, "sh", str(binaries / "postgres"), "-D", str(folder / "data"))
        standby = replace(server, port=port, postmaster=Postmaster((*command, *settings), folder / "log"))
        try:
            standby.start()
            yield f"postgresql://{server.superuser}:{server.password}@{server.host}:{port}/postgres"
        finally:
            standby.stop()
    finally:
        shutil.rmtree(folder)


def test_a_session_with_tls_is_told(tmp_path, project):
    files = [str(tmp_path / name) for name in ("server.key", "server.crt")]
    certificate = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1")
    subprocess.run(["openssl", *certificate, "-keyout", files[0], "-out", files[1]], check=True, capture_output=True)
    with running_server(15) as server:
        data = server.postmaster.log.parent / "data"
        for file in files:
            shutil.copy(file, data)
            shutil.chown(data / Path(file).name, data.owner(), data.group())
        (data / "server.key").chmod(0o600)
        server.query("ALTER SYSTEM SET ssl = on")
        server.query("SELECT pg_reload_conf()")
        database = server.new_database()
        sentence = eventually("the server takes TLS", lambda: _with_tls(database, project))
    assert sentence.endswith(f"as {database.user}, with TLS")


def _with_tls(database: Database, project: Project) -> str:
    found = diagnosed(f"{database.url}?sslmode=require", project).of("connection")
    return found.sentence if found.state is State.OK else ""
