"""A pooler is refused for what writes: through it, the lock of one runner might not keep out another."""

from pathlib import Path

import pytest

from database.projects.project import make_project
from database.projects.running import heads, ledger, run, start, tables
from revgate import MigrationRunner
from revgate.contract.exits import Exit
from revgate.contract.reasons import Reason
from revgate.migration.errors import PoolerRefused
from support.cli import Cli
from support.library import postgresql_place
from support.pooler import pooled
from support.servers import Database

MODES = ("transaction", "session")
NO_LOCK = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory'"


@pytest.mark.parametrize("mode", MODES)
def test_a_pooler_is_refused_with_what_to_do(database15: Database, tmp_path: Path, mode: str):
    with pooled(database15, mode) as behind:
        ended = run(behind, tmp_path, "--bundled")
        assert (ended.code, ended.report.reason) == (Exit.CONFIGURATION, Reason.POOLER_REFUSED), ended
        assert "give the URL of the PostgreSQL server itself" in ended.report.message
        assert database15.query(NO_LOCK) == []
    assert (heads(database15), tables(database15)) == ([], [])


@pytest.mark.parametrize("mode", MODES)
def test_questions_are_answered_through_a_pooler_and_nothing_else(database15: Database, tmp_path: Path, mode: str):
    project = make_project(tmp_path / "app").chain("a1", "a2")
    run(database15, project.folder, "--target", "a1")
    ini = project.folder / "alembic.ini"
    with pooled(database15, mode) as behind:
        runner = MigrationRunner(postgresql_place("psycopg", behind).engine(), ini)
        assert (runner.get_current_version(), runner.get_pending_migrations()) == ("a1", ["a2"])
        for call in (runner.upgrade_to_head, runner.downgrade, lambda: runner.stamp("a2")):
            with pytest.raises(PoolerRefused):
                call()
        sentence = Cli(project.folder).at(behind.url).run("upgrade").sentence
        assert "connection pooler" in sentence
        assert database15.query(NO_LOCK) == []
    assert (heads(database15), tables(database15)) == (["a1"], ["t_a1"])


@pytest.mark.parametrize("mode", MODES)
def test_runners_beside_and_behind_a_pooler_are_never_two(database15: Database, tmp_path: Path, mode: str):
    with pooled(database15, mode) as behind:
        runners = [start(each, tmp_path, "--bundled") for each in (behind, database15, behind, database15)]
        ended = [runner.end() for runner in runners]
    assert [one.code for one in ended] == [Exit.CONFIGURATION, 0, Exit.CONFIGURATION, 0], ended
    applied = [event["revision"] for one in ended for event in one.events("revision_applied")]
    assert sorted(applied) == sorted(ledger(database15)) == [f"000{number}" for number in range(1, 9)]
    assert heads(database15) == ["0008"]
