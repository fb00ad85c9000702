"""The ledger: where it can be made, who can read it."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from database.projects.project import make_project
from database.projects.running import ledger, run
from revgate.contract.exits import Exit
from revgate.contract.reasons import Reason
from support.recording import make_recorded
from support.servers import Database, Server


@pytest.fixture
def app(server15: Server, database15: Database) -> Iterator[Database]:
    """Give the database to a user who may only read what he is shown."""
    name = f"{database15.name}_app"
    server15.query(f"CREATE ROLE {name} LOGIN PASSWORD 'app'")
    yield replace(database15, user=name, password="app")
    with as_superuser(server15, database15) as superuser:
        superuser.execute(f"DROP OWNED BY {name}")
        superuser.execute(f"DROP ROLE {name}")


def test_everybody_can_read_it_by_default(app: Database, database15: Database, tmp_path: Path):
    run(database15, make_project(tmp_path / "app").chain("a1").folder)
    assert ledger(app) == {"a1": "applied"}


def test_its_readers_can_read_the_version_table_as_well(app: Database, database15: Database, tmp_path: Path):
    run(database15, make_project(tmp_path / "app").chain("a1").folder)
    assert app.query("SELECT version_num FROM alembic_version") == [("a1",)]


def test_a_version_table_that_was_there_before_is_opened_to_its_readers(
    app: Database, database15: Database, tmp_path: Path
):
    project = make_project(tmp_path / "app").chain("a1")
    run(database15, project.folder, "--no-ledger")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.query("SELECT version_num FROM alembic_version")
    run(database15, project.folder, "--reader", app.user)
    assert app.query("SELECT version_num FROM alembic_version") == [("a1",)]


def test_only_the_named_readers_can_read_it(app: Database, database15: Database, tmp_path: Path):
    project = make_project(tmp_path / "app").chain("a1")
    run(database15, project.folder, "--reader", database15.user)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ledger(app)
    ended = run(database15, project.folder, "--reader", app.user)
    assert ended.code == 0, ended
    assert ledger(app) == {"a1": "applied"}


def test_an_unknown_reader_is_an_invalid_option(database15: Database, tmp_path: Path):
    project = make_project(tmp_path / "app").chain("a1")
    ended = run(database15, project.folder, "--reader", "nobody_here")
    assert (ended.code, ended.report.reason) == (Exit.CONFIGURATION, Reason.INVALID_SPEC), ended
    assert "nobody_here" in ended.report.message
    assert ended.report.current == ()


def test_is_beside_the_version_table_where_no_schema_can_be_made(server: Server, database: Database, tmp_path: Path):
    server.query(f"ALTER DATABASE {database.name} OWNER TO postgres")
    with as_superuser(server, database) as superuser:
        superuser.execute(f"GRANT ALL ON SCHEMA public TO {database.user}")
    project = make_project(tmp_path / "app").chain("a1")
    ended = run(database, project.folder)
    assert ended.code == 0, ended
    assert ledger(database, "public.revgate_revision_log") == {"a1": "applied"}
    project.revision("a2", "a1")
    again = run(database, project.folder)
    assert [edge.revision for edge in again.edges or ()] == ["a2", "a1"]


def test_is_beside_the_version_table_where_the_schema_is_somebody_elses(
    server15: Server, database15: Database, app: Database, tmp_path: Path
):
    run(database15, make_project(tmp_path / "first").chain("a1").folder)
    with closing(database15.connect()) as owner:
        owner.execute(f"CREATE SCHEMA second AUTHORIZATION {database15.user}")
        owner.execute(f"GRANT ALL ON SCHEMA second TO {app.user}")
    server15.query(f"ALTER ROLE {app.user} IN DATABASE {app.name} SET search_path = second")
    ended = run(app, make_project(tmp_path / "second").chain("b1").folder)
    assert ended.code == 0, ended
    assert ledger(database15, "revgate.revision_log") == {"a1": "applied"}
    assert app.query("SELECT revision FROM second.revgate_revision_log") == [("b1",)]


def test_stays_beside_the_version_table_when_another_history_makes_one_in_its_schema(
    server15: Server, database15: Database, tmp_path: Path
):
    server15.query(f"ALTER DATABASE {database15.name} OWNER TO postgres")
    with as_superuser(server15, database15) as superuser:
        superuser.execute(f"GRANT ALL ON SCHEMA public TO {database15.user}")
    first = make_recorded(tmp_path / "first", database15.sqlalchemy_url).scripts("a1 a2<-a1")
    first.upgrade("a1")
    server15.query(f"ALTER DATABASE {database15.name} OWNER TO {database15.user}")
    second = make_recorded(tmp_path / "second", database15.sqlalchemy_url).scripts("b1")
    env = second.folder / "migrations" / "env.py"
    env.write_text(env.read_text().replace("target_metadata=None", "version_table='second_version'"))
    database15.query("CREATE SCHEMA revgate")
    database15.query("CREATE TABLE revgate.revision_log (LIKE revgate_revision_log INCLUDING ALL)")
    second.upgrade()
    first.upgrade()
    assert ledger(database15, "public.revgate_revision_log") == {"a1": "applied", "a2": "applied"}
    assert ledger(database15) == {"b1": "applied"}


def test_no_right_to_create_anything_is_told(database15: Database, app: Database, tmp_path: Path):
    ended = run(app, make_project(tmp_path / "app").chain("a1").folder)
    assert (ended.code, ended.report.reason) == (Exit.REVISION_FAILED, Reason.PERMISSION_DENIED), ended
    assert "Ledger could not be created" in ended.report.message


@contextmanager
def as_superuser(server: Server, database: Database) -> Iterator[psycopg.Connection]:
    """Connect to a database as the one who may do anything there."""
    superuser = replace(database, user=server.superuser, password=server.password)
    with closing(superuser.connect()) as connection:
        yield connection
