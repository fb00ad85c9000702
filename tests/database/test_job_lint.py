"""`--lint`: what a Job does with the linter's findings before its first statement."""

from pathlib import Path

import pytest

from database.projects.project import Project, make_project
from database.projects.running import heads, run, tables
from revgate.contract.exits import Exit
from revgate.contract.reasons import Reason
from support.servers import Database

INDEX = "op.create_index('t_a1_id', 't_a1', ['id'])"
DROP = "op.drop_table('t_a1')"


@pytest.fixture
def project(tmp_path: Path, database15: Database) -> Project:
    """A project whose first revision is applied; the next is not."""
    made = make_project(tmp_path / "app").chain("a1")
    assert run(database15, made.folder).code == 0
    return made


def test_findings_are_told_and_counted_and_the_run_goes_on(project, database15):
    project.revision("a2", "a1", DROP)
    ended = run(database15, project.folder, "--lint", "warn")
    assert ended.code == 0, ended
    assert ended.report.message == "Database is at a2: applied 1 revision; the linter found 1 error, see the log"
    (found,) = ended.events("lint_finding")
    assert (found["rule"], found["revision"], found["level"]) == ("drop-without-floor", "a2", "warning")
    assert found["severity"] == "error"


def test_an_error_stops_the_run_before_its_first_statement(project, database15, tmp_path):
    (tmp_path / "backups").mkdir()
    project.revision("a2", "a1").revision("a3", "a2", DROP)
    ended = run(database15, project.folder, "--lint", "enforce", "--backup", str(tmp_path / "backups"))
    assert (ended.code, ended.report.reason) == (Exit.BROKEN_SCRIPTS, Reason.LINT_FAILED), ended
    assert "Linter found drop-without-floor in revision a3 (migrations/versions/a3_change.py)" in ended.report.message
    assert ended.report.failed == "a3"
    assert (heads(database15), tables(database15)) == (["a1"], ["t_a1"])
    assert list((tmp_path / "backups").iterdir()) == [], "not even a backup"


def test_an_error_that_somebody_accepted_stops_nothing(project, database15):
    project.revision("a2", "a1", f"{DROP}  # lint: ignore[drop-without-floor] nobody reads it")
    ended = run(database15, project.folder, "--lint", "enforce")
    assert (ended.code, ended.events("lint_finding")) == (0, []), ended


def test_without_lint_nothing_is_looked_at(project, database15):
    project.revision("a2", "a1", DROP)
    ended = run(database15, project.folder, "--lint", "none")
    assert (ended.report.message, ended.events("lint_finding")) == ("Database is at a2: applied 1 revision", [])


def test_an_empty_database_has_nothing_to_lose_and_is_not_looked_at(database15, tmp_path):
    project = make_project(tmp_path / "app").revision("a1").revision("a2", "a1", DROP)
    counted = "import pathlib; pathlib.Path('runs').open('a').write('x')"
    project.revision("a3", "a2", counted)
    ended = run(database15, project.folder, "--lint", "enforce")
    assert ended.code == 0, ended
    assert (project.folder / "runs").read_text() == "x", "no revision ran twice"


def test_a_revision_that_cannot_be_shown_as_sql_is_said_and_run(project, database15):
    project.revision("a2", "a1", "assert op.get_bind().execute(sa.text('SELECT 1')).scalar() == 1")
    ended = run(database15, project.folder, "--lint", "enforce")
    assert ended.code == 0, ended
    assert "a2" in ended.events("lint_note")[0]["note"]


def test_a_revision_that_fails_under_the_linter_fails_as_itself(project, database15):
    project.revision("a2", "a1", "raise ValueError('no such account')")
    ended = run(database15, project.folder, "--lint", "warn")
    assert (ended.code, ended.report.failed) == (Exit.REVISION_FAILED, "a2"), ended
    assert "no such account" in ended.report.message


def test_a_baseline_is_where_the_look_begins(database15, tmp_path):
    with database15.connect() as connection:
        connection.execute("CREATE TABLE t_a1 (id integer PRIMARY KEY)")
    project = make_project(tmp_path / "app").revision("a1").revision("a2", "a1", DROP)
    ended = run(database15, project.folder, "--baseline", "a1", "--lint", "enforce")
    assert ended.report.reason == Reason.LINT_FAILED, ended
    assert heads(database15) == ["a1"]
