"""`--role` and `--schema`: whoever logs in, what is made has one owner and is in one schema."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from database.projects.project import Project, make_project
from database.projects.running import Ended, ledger, run
from revgate.contract.exits import Exit
from revgate.contract.reasons import Reason
from support.servers import Database, Server

SCHEMA = 'Tenant "7" %s'
OWNERS = """
    SELECT n.nspname || '.' || c.relname, pg_get_userbyid(c.relowner) FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1
"""


@pytest.fixture
def role(server: Server, database: Database) -> Iterator[str]:
    with owning_role(server, database) as name:
        yield name


@contextmanager
def owning_role(server: Server, database: Database) -> Iterator[str]:
    """Make a role that the database's user is a member of, and that owns the database."""
    name = f"Owner of {secrets.token_hex(4)}"
    server.query(f'CREATE ROLE "{name}"')
    server.query(f'GRANT "{name}" TO "{database.user}"')
    server.query(f'ALTER DATABASE "{database.name}" OWNER TO "{name}"')
    yield name
    server.drop_database(database)
    server.query(f'DROP ROLE "{name}"')


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "app").chain("a1", "a2")


def owners(database: Database) -> dict[str, str]:
    return dict(database.query(OWNERS))


def refused(ended: Ended) -> str:
    assert (ended.code, ended.report.reason) == (Exit.CONFIGURATION, Reason.INVALID_SPEC), ended
    return ended.report.message


@pytest.mark.parametrize("environment", ["generic", "setting_role", "own_async"])
def test_everything_that_is_made_belongs_to_the_role(database, role, tmp_path, environment):
    project = make_project(tmp_path / "app", environment).chain("a1", "a2")
    as_role = "op.execute('CREATE INDEX CONCURRENTLY t_a1_id ON t_a1 (id)')"
    project.revision("a3", "a2", f"with op.get_context().autocommit_block():\n    {as_role}")
    ended = run(database, project.folder, "--role", role, "--schema", SCHEMA)
    assert ended.code == 0, ended
    made = {"t_a1", "t_a2", "alembic_version"}
    assert owners(database) == {f"{SCHEMA}.{table}": role for table in made} | {"revgate.revision_log": role}
    assert ledger(database) == {"a1": "applied", "a2": "applied", "a3": "applied"}
    schemas = "SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname IN ('revgate', %s)"
    assert database.query(schemas, SCHEMA) == [(role,), (role,)]


def test_a_role_still_counts_after_the_connection_was_lost(database, role, project):
    break_it = "SELECT pg_terminate_backend(pg_backend_pid())"  # which only who logged in may do
    project.revision("a3", "a2", f"op.execute('RESET ROLE')\nop.execute({break_it!r})")
    ended = run(database, project.folder, "--role", role)
    assert ended.code == Exit.CONNECTION_LOST, ended
    assert ended.report.current == ("a2",), "the state is read again, with the rights of the role"
    assert set(owners(database).values()) == {role}


def test_the_next_run_in_a_schema_has_nothing_to_do(database, project):
    assert run(database, project.folder, "--schema", SCHEMA).report.current == ("a2",)
    again = run(database, project.folder, "--schema", SCHEMA)
    assert (again.code, again.events("revision_applied")) == (0, []), again
    other = run(database, project.folder, "--schema", "other")
    assert len(other.events("revision_applied")) == 2, "another schema is another history"
    beside = run(database, project.folder)
    assert len(beside.events("revision_applied")) == 2
    tables = database.query("SELECT schemaname FROM pg_tables WHERE tablename = 't_a1' ORDER BY 1")
    assert tables == [(SCHEMA,), ("other",), ("public",)]


def test_the_schema_is_there_though_the_version_table_is_elsewhere(database15, project):
    ended = run(database15, project.folder, "--schema", "shop", "--version-table-schema", "meta")
    assert ended.code == 0, ended
    found = database15.query("SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('shop', 'meta')")
    assert sorted(found) == [("meta", "alembic_version"), ("shop", "t_a1"), ("shop", "t_a2")]


NO_ROLE = {
    "that does not exist": ("nobody at all", 'role "nobody at all" does not exist'),
    "that was not granted": ("pg_monitor", 'permission denied to set role "pg_monitor"'),
}


@pytest.mark.parametrize("which", NO_ROLE)
def test_a_role_is_refused_with_what_to_do(database, project, which):
    role, said = NO_ROLE[which]
    ended = run(database, project.folder, "--role", role)
    assert (ended.code, ended.report.reason) == (Exit.REVISION_FAILED, Reason.PERMISSION_DENIED), ended
    assert said in ended.report.message
    assert f'GRANT "{role}" TO "{database.user}"' in ended.report.message
    assert owners(database) == {}


def test_a_schema_that_may_not_be_created_is_refused_with_what_to_do(server15, database15, project):
    server15.query(f'ALTER DATABASE "{database15.name}" OWNER TO "{server15.superuser}"')
    ended = run(database15, project.folder, "--schema", "shop")
    assert ended.report.reason == Reason.PERMISSION_DENIED, ended
    assert f'GRANT CREATE ON DATABASE "{database15.name}" TO "{database15.user}"' in ended.report.message


def test_an_env_py_that_says_the_same_is_no_trouble(database, role, tmp_path):
    project = make_project(tmp_path / "app", "setting_role").chain("a1")
    says = {"ROLE_OF_THE_APP": role, "PATH_OF_THE_APP": "shop"}
    ended = run(database, project.folder, "--role", role, "--schema", "shop", **says)
    assert ended.code == 0, ended
    assert owners(database)["shop.t_a1"] == role


def test_an_env_py_that_says_something_else_is_refused(database15, tmp_path):
    project = make_project(tmp_path / "app", "setting_role").chain("a1")
    ended = run(database15, project.folder, "--schema", "shop", PATH_OF_THE_APP="shop, public")
    assert "Schema shop was asked for, and env.py sets search_path to shop, public" in refused(ended)
    with_role = run(database15, project.folder, "--role", "pg_database_owner", ROLE_OF_THE_APP=database15.user)
    assert f"env.py sets the role {database15.user}" in refused(with_role)
    assert owners(database15) == {}


def test_a_backup_is_made_with_the_rights_of_the_role(database15, project, server15, tmp_path):
    folder = tmp_path / "backups"
    folder.mkdir()
    with owning_role(server15, database15) as role:
        run(database15, project.folder, "--role", role)
        server15.query(f'ALTER ROLE "{database15.user}" NOINHERIT')
        project.revision("a3", "a2")
        ended = run(database15, project.folder, "--role", role, "--backup", str(folder))
    assert ended.code == 0, ended
    assert len(list(folder.glob("*.dump"))) == 1


def test_a_revision_that_asks_for_the_default_schema_is_told_the_one_that_is_made(database15, tmp_path):
    body = "assert sa.inspect(op.get_bind()).default_schema_name == 'shop'"
    project = make_project(tmp_path / "app").revision("a1", None, body)
    ended = run(database15, project.folder, "--schema", "shop")
    assert ended.code == 0, ended
