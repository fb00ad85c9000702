"""What the doctor finds in real SQLite files with real faults."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from database.projects.project import Project, make_project
from revgate.migration.doctor import Check, State, diagnose
from revgate.migration.project.scripts import find_scripts
from revgate.migration.settings.database_url import parse_database_url


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "app").chain("r1", "r2")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "app.db"
    done(path, "PRAGMA user_version = 1")
    return path


def done(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(";".join(statements))


def diagnosed(url: str, project: Project) -> dict[str, Check]:
    environ = {"ALEMBIC_CONFIG": str(project.folder / "alembic.ini")}
    checks = diagnose(lambda: parse_database_url(url, "TEST_URL"), lambda: find_scripts(environ, bundled=False))
    found = {check.name: check for check in checks}
    assert len(found) == len(checks)
    return found


def bad(found: dict[str, Check]) -> list[str]:
    return [f"{check.state}: {check.sentence}" for check in found.values() if check.state is not State.OK]


@pytest.mark.parametrize("driver", ["sqlite", "sqlite+pysqlite", "sqlite+aiosqlite"])
def test_a_new_file_has_no_problem(driver, file, project):
    before = file.read_bytes()
    found = diagnosed(f"{driver}:///{file}", project)
    assert bad(found) == []
    assert found["server"].sentence == f"SQLite {sqlite3.sqlite_version}"
    assert found["file"].sentence == f"{file} has {len(before)} bytes"
    assert found["journal"].sentence.startswith("Journal mode is delete")
    assert "not enforced" in found["foreign keys"].sentence
    assert found["revisions"].sentence == "Database is at no revision, and `revgate upgrade` will apply r1, r2"
    assert file.read_bytes() == before


def test_a_migrated_file_has_no_problem(file, project):
    done(
        file,
        "PRAGMA journal_mode = wal",
        "CREATE TABLE alembic_version (version_num text)",
        "INSERT INTO alembic_version VALUES ('r2')",
        "CREATE TABLE t_r1 (id int)",
    )
    found = diagnosed(f"sqlite:///{file}", project)
    assert bad(found) == []
    assert found["revisions"].sentence == "Database is at r2, and nothing is pending"
    assert found["version table"].sentence == "alembic_version is there"
    assert found["journal"].sentence.startswith("Journal mode is wal")


def test_a_file_that_does_not_exist_is_not_made(tmp_path, project):
    found = diagnosed(f"sqlite:///{tmp_path}/missing.db", project)
    assert bad(found) == [
        f"warning: {tmp_path}/missing.db does not exist: the first upgrade makes it, if that is the path that you mean"
    ]
    assert not (tmp_path / "missing.db").exists()


def test_a_folder_that_does_not_exist_is_a_problem(tmp_path, project):
    found = diagnosed(f"sqlite:///{tmp_path}/nowhere/app.db", project)
    assert bad(found) == [f"problem: Folder {tmp_path}/nowhere does not exist: create it, or mend the path in the URL"]


def test_a_folder_in_the_place_of_the_file_is_a_problem(tmp_path, project):
    assert bad(diagnosed(f"sqlite:///{tmp_path}", project)) == [f"problem: {tmp_path} is no file: name one in the URL"]


def test_a_database_in_memory_is_a_problem(project):
    assert bad(diagnosed("sqlite://", project)) == [
        "problem: A database in memory is gone with this command: name a file, as in sqlite:///app.db"
    ]


def test_what_is_no_database_is_a_problem(file, project):
    file.write_text("no database" * 500)
    found = diagnosed(f"sqlite:///{file}", project)
    assert found["connection"].state is State.PROBLEM
    assert "file is not a database" in found["connection"].sentence


def test_a_file_that_is_opened_for_reading_is_a_problem(file, project):
    found = diagnosed(f"sqlite:///file:{file}?mode=ro&uri=true", project)
    assert found["writes"].state is State.PROBLEM
    assert "attempt to write a readonly database" in found["writes"].sentence


def test_a_file_that_somebody_writes_is_a_problem(file, project):
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        found = diagnosed(f"sqlite:///{file}", project)
    assert "database is locked" in found["writes"].sentence


def test_rows_that_point_to_nothing_are_a_warning(file, project):
    done(
        file,
        "CREATE TABLE alembic_version (version_num text)",
        "CREATE TABLE a (id int PRIMARY KEY)",
        "CREATE TABLE b (a int REFERENCES a)",
        "INSERT INTO b VALUES (7)",
    )
    assert bad(diagnosed(f"sqlite:///{file}", project)) == [
        "warning: Table b has rows that point to no row of a: PRAGMA foreign_key_check lists them all"
    ]


def test_tables_without_a_version_table_are_a_warning(file, project):
    done(file, "CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT)")
    (told,) = bad(diagnosed(f"sqlite:///{file}", project))
    assert told.startswith("warning: alembic_version is missing beside 1 other table")


def test_a_revision_that_nobody_knows_is_a_problem(file, project):
    done(file, "CREATE TABLE alembic_version (version_num text)", "INSERT INTO alembic_version VALUES ('x')")
    (told,) = bad(diagnosed(f"sqlite:///{file}", project))
    assert told.startswith("problem: Database is at x, which neither this image nor the ledger knows")
