"""Rehearsals and the server that they are on: what it lacks, who ends them, and what must not come to it."""

import os
import signal
import subprocess
from contextlib import closing

import psycopg
import pytest

from revgate.migration.errors import MigrationError
from revgate.migration.rehearsal.failed import RehearsalRefused
from support.backing_up import binaries, url_of
from support.cli import CLEAN, REVGATE, Cli
from support.library_project import init_project
from support.rehearsing import scratch_databases
from support.waiting import eventually

pytest_plugins = ["support.rehearsal_fixtures"]


@pytest.fixture
def cli(rehearsed, project, database15, there):
    """The command line in the project's folder; the variable has a URL as an application writes it."""
    url = there.url.replace("postgresql://", "postgresql+asyncpg://", 1)
    program = os.environ["PG_DUMP"]
    return Cli(project.config.parent).at(database15.sqlalchemy_url).given(REHEARSAL_URL=url, PG_DUMP=program)


def test_an_extension_that_only_the_real_server_has_is_named(rehearsed, project, servers, database15):
    project.add("r1", "r0")
    database15.query("CREATE EXTENSION pgcrypto")
    server = servers(18)
    there = server.new_database()
    server.query(f"ALTER ROLE {there.user} CREATEDB")
    try:
        sentence = (
            f"Schema could not be copied to 127.0.0.1:{there.port}: extension pgcrypto is not installed there: "
            "install it, or name a server that has it"
        )
        with pytest.raises(RehearsalRefused, match=f"^{sentence}$"):
            rehearsed(server=url_of(there))
        database15.query("DROP EXTENSION pgcrypto")
        assert rehearsed(server=url_of(there)).is_well, "another version of PostgreSQL"
        assert scratch_databases(server) == []
    finally:
        server.drop_database(there)


def test_the_programs_of_a_newer_version_serve_older_servers(rehearsed, project, servers, database15, monkeypatch):
    project.add("r1", "r0")
    monkeypatch.setenv("PG_DUMP", str(binaries(servers(18)) / "pg_dump"))
    assert rehearsed().is_well
    server = servers(15)
    words = {"host": server.host, "port": server.port, "user": server.superuser, "password": server.password}
    with closing(psycopg.connect(**words, dbname=database15.name, autocommit=True)) as connection:
        connection.execute("CREATE EXTENSION postgres_fdw")
    with pytest.raises(RehearsalRefused, match="extension postgres_fdw may only be created by a superuser there"):
        rehearsed()


def test_passwords_for_other_servers_are_not_copied(rehearsed, project, server15, database15, there):
    server15.query(f"ALTER ROLE {there.user} SUPERUSER")
    project.add("r1", "r0", up="op.execute('SELECT 1 / (count(*) = 0)::int FROM pg_user_mapping')")
    words = {"host": server15.host, "port": server15.port, "user": server15.superuser, "password": server15.password}
    with closing(psycopg.connect(**words, dbname=database15.name, autocommit=True)) as connection:
        connection.execute("CREATE EXTENSION postgres_fdw")
        connection.execute("CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw")
        connection.execute("CREATE USER MAPPING FOR PUBLIC SERVER far OPTIONS (password 'theirs')")
    assert rehearsed().is_well


def test_a_schema_that_this_user_cannot_read_is_refused_with_the_reason(rehearsed, project, server15, database15):
    project.add("r1", "r0")
    database15.query("REVOKE SELECT ON entries FROM CURRENT_USER")
    with pytest.raises(RehearsalRefused, match="permission denied for table entries"):
        rehearsed()


def test_a_pg_dump_that_is_too_old_is_refused_with_advice(rehearsed, project, servers, monkeypatch, tmp_path):
    project.add("r1", "r0")
    old = tmp_path / "pg_dump"
    old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 12.1'\n")
    old.chmod(0o755)
    old.with_name("pg_restore").symlink_to(binaries(servers(15)) / "pg_restore")
    monkeypatch.setenv("PG_DUMP", str(old))
    with pytest.raises(MigrationError, match="install the client programs of 15 or newer"):
        rehearsed()


def test_an_async_environment_with_its_own_url_is_led_to_the_copy(rehearsed, project, database15, tmp_path):
    url = database15.url.replace("postgresql://", "postgresql+asyncpg://", 1)
    template = init_project(tmp_path / "async", "async", url)
    ini = project.config.read_text() + f"sqlalchemy.url = {url.replace('%', '%%')}\n"
    project.config.write_text(ini)
    text = (template.versions.parent / "env.py").read_text()
    seen, before = tmp_path / "seen", "    context.configure(connection=connection, "
    name = "connection.exec_driver_sql('SELECT current_database()').scalar()"
    note = f"    with open('{seen}', 'a') as log: print({name}, file=log)\n"
    assert before in text
    text = text.replace("fileConfig(config.config_file_name)", "pass").replace(before, note + before)
    project.env.write_text(text)
    project.add("r1", "r0")
    rehearsal = rehearsed()
    assert rehearsal.is_well, rehearsal
    first, *others = seen.read_text().splitlines()
    assert first == database15.name, "the question where the database is"
    assert others
    assert all(name.startswith("revgate_rehearsal_") for name in others)


def test_a_stopped_rehearsal_leaves_no_database_behind(cli, project, server15):
    project.add("r1", "r0", up="op.execute('SELECT pg_sleep(60)')")
    process = subprocess.Popen(
        [*REVGATE, "rehearse", "--on", "REHEARSAL_URL"],
        cwd=cli.folder,
        env={**CLEAN, **cli.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    asleep = "SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)' AND datname LIKE 'revgate_reh%'"
    eventually("The revision sleeps", lambda: server15.query(asleep) != [])
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "")
    assert err == "Run was interrupted by SIGTERM: the database itself was only read\n"
    assert scratch_databases(server15) == []


def test_the_answer_is_for_people_and_for_programs(cli, project, there):
    project.add("r1", "r0", up="op.execute('ALTER TABLE accounts ALTER COLUMN amount TYPE bigint')")
    text = cli.ok("rehearse", "--on", "REHEARSAL_URL").out
    assert "    ACCESS EXCLUSIVE on accounts (rows not counted yet: ANALYZE it), rewritten\n" in text
    assert "✓ 1 revision went up\n" in text
    project.add("r2", "r1", up=f'op.get_bind().exec_driver_sql("SELECT 1 FROM nothing -- {there.url}")')
    ended = cli.run("rehearse", "--on", "REHEARSAL_URL", "--json")
    assert ended.code == 1
    (failed,) = ended.json["legs"][0]["revisions"][1]["statements"]
    assert (
        failed["sql"] == f"SELECT 1 FROM nothing -- postgresql://{there.user}:***@127.0.0.1:{there.port}/{there.name}"
    )
    markdown = cli.run("rehearse", "--on", "REHEARSAL_URL", "--format", "markdown").out
    assert "ACCESS EXCLUSIVE on accounts (rows not counted yet: ANALYZE it), rewritten |\n" in markdown


def test_a_url_is_no_argument_and_sqlite_is_no_subject(cli, tmp_path, there):
    sentence = cli.run("rehearse", "--on", there.url).sentence
    assert sentence.startswith("Option --on takes the name of a variable, and no URL: ")
    assert there.password not in sentence
    sqlite = cli.at(f"sqlite:///{tmp_path}/a.db").run("rehearse", "--on", "REHEARSAL_URL").sentence
    assert sqlite == "Rehearsals are for PostgreSQL: copy the file of SQLite, and upgrade the copy"
