"""A database that was made without Alembic: it is said to be at a revision, and goes on from there."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from database.projects.project import Project, make_project
from database.projects.running import heads, run
from revgate import MigrationError, MigrationRunner
from support.servers import Database  # noqa: TC001  a fixture is asked for by its name

THERE = "CREATE TABLE t_a1 (id integer PRIMARY KEY)"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "app").revision("a1").revision("b2", "a1")


@pytest.fixture(params=["postgresql", "sqlite"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> sa.Engine:
    if request.param == "sqlite":
        return sa.create_engine(f"sqlite:///{tmp_path}/shop.db")
    database: Database = request.getfixturevalue("database15")
    return sa.create_engine(database.sqlalchemy_url, poolclass=sa.NullPool)


def runner(engine: sa.Engine, project: Project, baseline: str = "a1") -> MigrationRunner[sa.Engine, None]:
    return MigrationRunner(engine, project.folder / "alembic.ini", baseline=baseline)


def execute(engine: sa.Engine, statement: str) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(statement)


def states(engine: sa.Engine) -> list[tuple[str, str]]:
    name = "revgate.revision_log" if engine.dialect.name == "postgresql" else "revgate_revision_log"
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(f"SELECT revision, state FROM {name} ORDER BY revision")
        return [tuple(row) for row in rows]


def test_a_database_with_tables_and_no_revision_begins_at_the_baseline(engine, project):
    execute(engine, THERE)
    migrated = runner(engine, project)
    migrated.upgrade_to_head()
    assert migrated.get_current_version() == "b2"
    assert states(engine) == [("a1", "recorded"), ("b2", "applied")]
    assert [one.revision for one in migrated.last_result.revisions] == ["b2"]


def test_an_empty_database_begins_at_the_beginning(engine, project):
    migrated = runner(engine, project)
    migrated.upgrade_to_head()
    assert states(engine) == [("a1", "applied"), ("b2", "applied")]


def test_a_database_that_has_a_revision_is_where_it_says(engine, project):
    runner(engine, project, "").upgrade_to_version("a1")
    migrated = runner(engine, project, "b2")
    migrated.upgrade_to_head()
    assert states(engine) == [("a1", "applied"), ("b2", "applied")]
    assert sa.inspect(engine).has_table("t_b2")


def test_with_the_head_as_the_baseline_there_is_nothing_to_apply(engine, project):
    execute(engine, THERE)
    migrated = runner(engine, project, "head")
    migrated.upgrade_to_head()
    assert migrated.get_current_version() == "b2"
    assert not sa.inspect(engine).has_table("t_b2")


def test_without_a_baseline_the_first_revision_meets_the_table(engine, project):
    execute(engine, THERE)
    with pytest.raises(MigrationError, match="t_a1"):
        runner(engine, project, "").upgrade_to_head()
    assert runner(engine, project).get_current_version() is None


def test_a_baseline_that_is_no_revision_is_refused_before_anything_is_done(engine, project):
    with pytest.raises(MigrationError, match="c9 is not in these scripts"):
        runner(engine, project, "c9").upgrade_to_head()
    assert sa.inspect(engine).get_table_names() == []


def test_a_job_takes_it_too(database15, tmp_path):
    run(database15, tmp_path, "--bundled", "--target", "0006")
    database15.query("DROP TABLE alembic_version")
    database15.query("DROP SCHEMA revgate CASCADE")
    ended = run(database15, tmp_path, "--bundled", "--baseline", "0006")
    assert ended.code == 0, ended
    assert ended.report.message == "Database is at 0008: applied 2 revisions"
    assert heads(database15) == ["0008"]
