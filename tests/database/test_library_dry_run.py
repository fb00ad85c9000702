"""A dry run: the SQL that would run comes back, and the database stays as it was."""

from pathlib import Path

import pytest

from revgate.migration.errors import RevisionFailed, UnknownTarget
from support.ledger import psql
from support.library import Place
from support.library_project import make_project
from support.servers import Database

pytest_plugins = ["support.library_fixtures"]


def test_a_dry_run_returns_statements_and_executes_none(place: Place):
    statements = place.runner(dry_run=True).upgrade_to_head()
    assert place.everything() == []
    assert all(isinstance(one, str) for one in statements)
    text = "\n".join(statements)
    assert "CREATE TABLE accounts" in text
    assert "CREATE TABLE account_aggregates" in text
    assert "alembic_version" in text


def test_a_dry_run_begins_where_the_database_is(few: Place):
    few.runner().upgrade_to_version("0007")
    before, tables = few.snapshot(), few.everything()
    dry = few.runner(dry_run=True)
    up = "\n".join(dry.upgrade_to_head())
    assert "CREATE TABLE account_aggregates" in up
    assert "CREATE TABLE accounts" not in up
    assert (dry.upgrade_to_version("0006"), dry.upgrade_to_version("0007")) == ([], [])
    down = "\n".join(dry.downgrade(target="0005"))
    assert "CREATE TABLE balances" in down
    assert "idempotency_key" in down
    assert dry.downgrade(target="0007") == []
    assert (few.heads(), few.snapshot(), few.everything()) == (["0007"], before, tables)
    assert "0008" not in few.ledger()


def test_no_hook_is_called_and_no_backup_taken(file: Place, tmp_path: Path):
    called: list[object] = []
    runner = file.runner(dry_run=True, on_result=called.append)
    for kind in ("before_upgrade", "before_revision", "after_revision", "after_upgrade"):
        runner.hook(kind, called.append)
    runner.upgrade_to_head()
    assert (called, runner.last_result) == ([], None)


def test_what_a_dry_run_returns_can_be_run(few: Place, postgresql: Place, database15: Database):
    statements = few.runner(dry_run=True).upgrade_to_head()
    if few.is_postgresql:
        psql(database15, "".join(f"{one.rstrip(';')};\n" for one in statements))
        few.runner().upgrade_to_head()
        assert postgresql.snapshot() == few.snapshot()
        return
    raw = few.seen.raw_connection()
    raw.driver_connection.executescript("".join(f"{one.rstrip(';')};\n" for one in statements))
    raw.close()
    by_hand = few.snapshot()
    few.runner().downgrade(target="base")
    few.runner().upgrade_to_head()
    assert [row for row in few.snapshot() if row[1] != "revgate_revision_log"] == by_hand


def test_unknown_targets_fail_as_they_would(file: Place):
    dry = file.runner(dry_run=True)
    with pytest.raises(UnknownTarget, match="0009"):
        dry.upgrade_to_version("0009")
    with pytest.raises(UnknownTarget, match="nothing"):
        dry.downgrade(target="nothing")


def test_a_revision_that_asks_the_database_cannot_be_shown(few: Place, tmp_path: Path):
    up = "for row in op.get_bind().exec_driver_sql('SELECT 1'): op.execute(f'SELECT {row[0]}')"
    project = make_project(tmp_path / "app").chain("a1").add("a2", "a1", up)
    with pytest.raises(RevisionFailed, match="a2"):
        few.runner(project.config, dry_run=True).upgrade_to_head()
    assert few.everything() == []
