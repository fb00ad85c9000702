"""A Job that goes down, because the resource asks for it."""

from pathlib import Path

import pytest

from database.projects.project import Project, make_project
from database.projects.running import heads, ledger, run
from revgate.contract.reasons import Reason
from support.servers import Database


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = make_project(tmp_path / "app")
    for down, revision in ((None, "a1"), ("a1", "a2"), ("a2", "a3")):
        made.revision(revision, down)
        file = made.versions / f"{revision}_change.py"
        file.write_text(file.read_text().replace("raise NotImplementedError", f"op.drop_table('t_{revision}')"))
    return made


def test_goes_down_and_says_how_far(database: Database, project: Project):
    run(database, project.folder)
    ended = run(database, project.folder, "--downgrade=a1")
    assert (ended.code, ended.report.reason) == (0, Reason.DOWNGRADED), ended
    assert ended.report.message == "Database is at a1: undid 2 revisions"
    assert (ended.report.before, ended.report.current, ended.report.target) == (("a3",), ("a1",), ("a1",))
    assert ledger(database) == {"a1": "applied", "a2": "reverted", "a3": "reverted"}
    assert next(edge.revision for edge in ended.edges or ()) == "a1"


def test_goes_down_once_and_then_has_nothing_to_undo(database15: Database, project: Project):
    run(database15, project.folder)
    run(database15, project.folder, "--downgrade=base")
    ended = run(database15, project.folder, "--downgrade=base")
    assert (ended.code, ended.report.reason) == (0, Reason.DOWNGRADED), ended
    assert "nothing to undo" in ended.report.message
    assert heads(database15) == []


def test_refuses_what_is_not_below(database15: Database, project: Project):
    run(database15, project.folder, "--target=a1")
    ended = run(database15, project.folder, "--downgrade=a3")
    assert (ended.code, ended.report.reason) == (31, Reason.UNKNOWN_TARGET), ended
    assert heads(database15) == ["a1"]


def test_refuses_with_an_image_that_does_not_know_what_is_undone(database15: Database, project: Project):
    older = project.copy("older").without("a3")
    run(database15, project.folder)
    ended = run(database15, older.folder, "--downgrade=a1")
    assert (ended.code, ended.report.reason) == (33, Reason.UNKNOWN_REVISION), ended
    assert heads(database15) == ["a3"]
