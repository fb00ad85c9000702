"""Values in utility statements, as revisions written for psycopg2 have them: plain Alembic on it does the same."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from database.projects.project import make_project
from database.projects.running import heads, run
from revgate import MigrationRunner
from revgate.migration.errors import RevisionFailed
from support.library import postgresql_place
from support.servers import Database, Server

SECRET = "it's 100% :secret %s $1"
STATEMENTS = {
    "a setting": (
        """
        op.execute(sa.text("SET shop.tenant = :tenant").bindparams(tenant={value!r}))
        op.execute("CREATE TABLE seen AS SELECT current_setting('shop.tenant') AS value")
        """,
        "SELECT value FROM seen",
    ),
    "a comment": (
        """
        op.execute("CREATE TABLE seen (id int)")
        op.execute(sa.text("COMMENT ON TABLE seen IS :words").bindparams(words={value!r}))
        """,
        "SELECT obj_description('seen'::regclass)",
    ),
    "a comment in plain SQL": (
        """
        op.execute("CREATE TABLE seen (id int)")
        op.get_bind().exec_driver_sql("/* 100%% */ -- why\\ncomment ON TABLE seen IS %(words)s", dict(words={value!r}))
        """,
        "SELECT obj_description('seen'::regclass)",
    ),
    "a default": (
        """
        op.execute(sa.text("CREATE TABLE seen (id int, value text DEFAULT :value)").bindparams(value={value!r}))
        op.execute("INSERT INTO seen VALUES (1)")
        """,
        "SELECT value FROM seen",
    ),
    "a block": (
        """
        op.execute("CREATE TABLE seen (value text)")
        op.execute(sa.text("DO $$ BEGIN INSERT INTO seen VALUES (:value); END $$").bindparams(value={value!r}))
        """,
        "SELECT value FROM seen",
    ),
    "a block that makes a table": (
        """
        block = sa.text("DO $$ BEGIN CREATE TABLE seen AS SELECT CAST(:v AS text) AS value; END $$")
        op.execute(block.bindparams(v={value!r}))
        """,
        "SELECT value FROM seen",
    ),
    "a query that makes a table": (
        """
        op.execute(sa.text("CREATE TABLE seen AS SELECT CAST(:value AS text) AS value").bindparams(value={value!r}))
        """,
        "SELECT value FROM seen",
    ),
}


@pytest.fixture(params=STATEMENTS)
def bound(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str]:
    """Return a project that binds a value, and the query that then returns it."""
    body, query = STATEMENTS[request.param]
    return make_project(tmp_path / "app").revision("a1", None, body.format(value=SECRET)).folder, query


def test_a_value_arrives_as_it_is(database15: Database, bound: tuple[Path, str]):
    folder, query = bound
    MigrationRunner(postgresql_place("psycopg2", database15).engine(), folder / "alembic.ini").upgrade_to_head()
    assert database15.query(query) == [(SECRET,)]
    assert heads(database15) == ["a1"]


def test_plain_alembic_on_psycopg2_does_the_same(database15: Database, bound: tuple[Path, str]):
    pytest.importorskip("psycopg2")
    folder, query = bound
    config = Config(str(folder / "alembic.ini"))
    url = sa.make_url(database15.url).set(drivername="postgresql+psycopg2")
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
    assert database15.query(query) == [(SECRET,)]


def test_a_password_works_and_is_told_nowhere(server15: Server, database15: Database, tmp_path: Path):
    role = f"{database15.name}_app"
    body = f"""
        import os
        given = dict(word=os.environ["APP_PASSWORD"])
        op.execute(sa.text("CREATE ROLE {role} LOGIN PASSWORD :word").bindparams(**given))
        op.execute(sa.text("CREATE ROLE {role} LOGIN PASSWORD :word").bindparams(**given))
    """
    server15.query(f'ALTER ROLE "{database15.user}" CREATEROLE')
    project = make_project(tmp_path / "app").revision("a1", None, body)
    ended = run(database15, project.folder, APP_PASSWORD=SECRET)
    assert ended.report.message == f'Revision a1 (a1_change.py) failed: role "{role}" already exists'
    assert SECRET not in ended.everything
    lines = (project.versions / "a1_change.py").read_text().splitlines()
    lines.remove(next(line for line in lines if "CREATE ROLE" in line))
    (project.versions / "a1_change.py").write_text("\n".join(lines))
    try:
        assert run(database15, project.folder, APP_PASSWORD=SECRET).code == 0
        url = sa.make_url(database15.sqlalchemy_url).set(username=role, password=SECRET)
        with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
            assert connection.exec_driver_sql("SELECT current_user").scalar_one() == role
    finally:
        server15.query(f'DROP ROLE IF EXISTS "{role}"')


def test_a_mistake_is_still_one(database15: Database, tmp_path: Path):
    body = "op.execute(sa.text('SET shop.tenant TO TO :tenant').bindparams(tenant='a'))"
    project = make_project(tmp_path / "app").revision("a1", None, body)
    with pytest.raises(RevisionFailed, match='syntax error at or near "TO"'):
        MigrationRunner(
            postgresql_place("psycopg", database15).engine(), project.folder / "alembic.ini"
        ).upgrade_to_head()
