"""Where a database stands: what inspect says, and what validate_schema_version raises."""

import logging
from pathlib import Path

import pytest
import sqlalchemy as sa

from revgate import MigrationError, MigrationRunner, VersionMismatchError
from revgate.migration.errors import MultipleHeads, UnknownRevision, Unreachable
from support.library import ALL, Place
from support.library_project import Project, make_project

pytest_plugins = ["support.library_fixtures"]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "app").chain("a1", "a2", "a3")


def mismatch(place: Place, project: Project, expected: str) -> tuple[str | None, str, str]:
    with pytest.raises(VersionMismatchError) as caught:
        place.runner(project.config).validate_schema_version(expected)
    error = caught.value
    assert str(error).startswith(f"Schema version mismatch: current={error.current}, expected={error.expected}")
    assert isinstance(error, MigrationError)
    return error.current, error.expected, error.kind


def test_a_mismatch_says_how_the_database_differs(few: Place, project: Project):
    runner = few.runner(project.config)
    assert mismatch(few, project, "a3") == (None, "a3", "uninitialized")
    runner.upgrade_to_version("a2")
    assert mismatch(few, project, "a3_change") == ("a2", "a3", "behind")
    assert mismatch(few, project, "a1") == ("a2", "a1", "ahead")
    assert mismatch(few, project, "z9") == ("a2", "z9", "unknown")
    assert runner.validate_schema_version("a2") is None
    assert runner.validate_schema_version("a2_change") is None
    few.query("UPDATE alembic_version SET version_num = 'beef'")
    assert mismatch(few, project, "a2") == ("beef", "a2", "unknown")


def test_a_database_on_another_branch_has_diverged(few: Place, project: Project):
    project.add("b2", "a1")
    few.runner(project.config).upgrade_to_version("b2")
    assert mismatch(few, project, "a3") == ("b2", "a3", "diverged")
    few.runner(project.config).upgrade_to_version("heads")
    assert mismatch(few, project, "a3") == ("a3, b2", "a3", "ahead")


def test_a_newer_release_left_a_version_that_only_the_ledger_knows(few: Place, project: Project):
    few.runner(project.config).upgrade_to_head()
    (project.versions / "a3_change.py").unlink()
    assert mismatch(few, project, "a2") == ("a3", "a2", "ahead")
    found = few.runner(project.config).inspect()
    assert (found.standing, found.heads, found.target, found.unknown) == ("ahead", ("a3",), ("a2",), ())
    assert few.runner(project.config).upgrade_to_head() is None
    assert few.heads() == ["a3"]


def test_inspect_says_where_the_database_stands(few: Place, project: Project):
    runner = few.runner(project.config)
    found = runner.inspect()
    assert (found.standing, found.heads, found.target, found.pending) == ("behind", (), ("a3",), ("a1", "a2", "a3"))
    runner.upgrade_to_version("a2")
    found = runner.inspect()
    assert (found.standing, found.heads, found.pending, found.unknown) == ("behind", ("a2",), ("a3",), ())
    runner.upgrade_to_head()
    found = runner.inspect()
    assert (found.standing, found.heads, found.pending) == ("reached", ("a3",), ())
    assert found.history.table == "alembic_version"
    few.query("UPDATE alembic_version SET version_num = 'beef'")
    found = runner.inspect()
    assert (found.standing, found.heads, found.pending, found.unknown) == ("unknown", ("beef",), (), ("beef",))
    with pytest.raises(UnknownRevision, match="beef"):  # an empty list would say that all is applied
        runner.get_pending_migrations()


def test_pending_revisions_of_branches_come_in_the_order_that_they_are_applied_in(file: Place, project: Project):
    project.add("b2", "a1").add("m4", ("a3", "b2"))
    runner = file.runner(project.config)
    pending = runner.get_pending_migrations()
    applied: list[str] = []
    runner.hook("before_revision", applied.append)
    runner.upgrade_to_head()
    assert applied == pending
    assert (pending[0], pending[-1], sorted(pending[1:4])) == ("a1", "m4", ["a2", "a3", "b2"])
    assert runner.get_current_version() == "m4"


def test_two_current_revisions_are_both_named(few: Place, project: Project):
    project.add("b2", "a1")
    runner = few.runner(project.config)
    runner.upgrade_to_version("heads")
    assert (few.heads(), runner.get_current_version()) == (["a3", "b2"], "a3, b2")
    with pytest.raises(MultipleHeads):
        runner.get_pending_migrations()


@pytest.mark.parametrize("url", ["sqlite:////missing/library.db", "postgresql+psycopg://me:s3cr3t@127.0.0.1:9/none"])
def test_a_database_that_cannot_be_asked_is_told_apart_from_an_empty_one(url: str, caplog: pytest.LogCaptureFixture):
    runner = MigrationRunner(sa.create_engine(url))
    with caplog.at_level(logging.WARNING, "revgate"):
        assert runner.get_current_version() is None
    assert "could not be" in caplog.text
    assert "s3cr3t" not in caplog.text
    questions = (runner.inspect, runner.get_pending_migrations, lambda: runner.validate_schema_version("0008"))
    for question in questions:
        with pytest.raises(Unreachable) as caught:
            question()
        assert not isinstance(caught.value, VersionMismatchError)


def test_a_version_table_without_a_ledger_is_what_alembic_leaves(few: Place):
    runner = few.runner()
    runner.upgrade_to_head()
    few.query(f"DROP TABLE {'revgate.revision_log' if few.is_postgresql else 'revgate_revision_log'}")
    assert (runner.get_current_version(), runner.get_pending_migrations()) == ("0008", [])
    runner.downgrade()
    assert (few.heads(), few.everything().count(".revgate_revision_log")) == (["0007"], 0)
    runner.upgrade_to_head()
    assert few.ledger() == {**dict.fromkeys(ALL[:7], "recorded"), "0008": "applied"}
