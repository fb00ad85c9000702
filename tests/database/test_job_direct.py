"""A database whose URL leads through a transaction pooler: a run takes the direct one, a gate stays with the pooler."""

import os
from pathlib import Path

import pytest

from database.projects.project import make_project
from database.projects.running import run
from revgate.contract.exits import Exit
from revgate.contract.reasons import Reason
from support.pooler import pooled
from support.servers import Database

DIRECT = "REVGATE_DIRECT_DATABASE_URL"


def test_a_run_goes_to_the_server_itself(database15: Database, tmp_path: Path):
    project = make_project(tmp_path / "app", "setting_role").chain("a1", "a2")
    with pooled(database15) as behind:
        refused = run(behind, project.folder)
        assert refused.report.reason == Reason.POOLER_REFUSED
        assert "in a SchemaMigration as database.directUrlFrom" in refused.report.message
        ended = run(behind, project.folder, **{DIRECT: database15.url + "\n"})
        assert ended.report.current == ("a2",), ended
        again = run(behind, project.folder, **{DIRECT: database15.url})
        assert again.report.message == "Database is at a2: there was nothing to apply"


def test_the_quick_look_goes_there_too(database15: Database, tmp_path: Path):
    other = "postgresql://nobody:secret@127.0.0.1:1/nothing"
    assert run(database15, tmp_path, "--bundled").code == 0
    ended = run(other, tmp_path, "--bundled", **{DIRECT: database15.url})
    assert ended.report.message == "Database is at 0008: there was nothing to apply", ended
    assert not ended.events("revision_applied")


@pytest.mark.parametrize("given", ["mysql://u:hunter22@h/d", "postgresql://u:hun@ter22@h/d", "nonsense hunter22"])
def test_a_direct_url_that_cannot_be_used_is_named_and_never_shown(database15: Database, tmp_path: Path, given: str):
    ended = run(database15, tmp_path, "--bundled", **{DIRECT: given})
    assert (ended.code, ended.report.reason) == (Exit.CONFIGURATION, Reason.INVALID_DATABASE_URL), ended
    assert DIRECT in ended.report.message
    assert "ter22" not in ended.everything
    assert DIRECT not in os.environ
