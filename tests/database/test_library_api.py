"""MigrationRunner's methods, on each kind of engine: what they do, and what they answer."""

from collections.abc import Callable
from pathlib import Path

import pytest

from revgate import MigrationError, MigrationResult
from revgate.migration.errors import RevisionFailed, UnknownRevision, UnknownTarget
from support.library import ALL, POSTGRESQL, Place, postgresql_place, runs_of
from support.library_project import make_project
from support.servers import Server

pytest_plugins = ["support.library_fixtures"]


def test_the_bundled_revisions_go_up_and_down_again(place: Place):
    runner = place.runner()
    assert (runner.get_current_version(), runner.get_pending_migrations()) == (None, list(ALL))
    assert runner.upgrade_to_version("0005_exchange_rate_events_archive") is None
    assert (place.heads(), runner.get_pending_migrations()) == (["0005"], ["0006", "0007", "0008"])
    assert runner.upgrade_to_version("0003") is None
    assert place.heads() == ["0005"]  # it never downgrades
    assert runner.upgrade_to_head() is None
    assert (runner.get_current_version(), runner.get_pending_migrations()) == ("0008", [])
    assert runner.validate_schema_version("0008") is None
    assert place.ledger() == dict.fromkeys(ALL, "applied")
    at_head = place.snapshot()
    assert runner.downgrade(steps=2) is None
    assert (place.heads(), place.ledger()["0007"], place.ledger()["0008"]) == (["0006"], "reverted", "reverted")
    runner.downgrade(target="0004_add_exchange_rate_events")
    assert place.heads() == ["0004"]
    runner.downgrade(target="base")
    assert (place.heads(), place.tables(), set(place.ledger().values())) == ([], [], {"reverted"})
    runner.upgrade_to_head()
    assert (place.snapshot(), place.ledger()) == (at_head, dict.fromkeys(ALL, "applied"))


def test_the_newest_server_is_served_as_well(servers: Callable[[int], Server]):
    server = servers(18)
    database = server.new_database()
    try:
        for kind in POSTGRESQL:
            place = postgresql_place(kind, database)
            place.runner().upgrade_to_head()
            assert (place.heads(), place.ledger()) == (["0008"], dict.fromkeys(ALL, "applied"))
            place.runner().downgrade(target="base")
            assert (place.heads(), place.tables()) == ([], [])
    finally:
        server.drop_database(database)


def test_the_last_result_tells_what_a_run_did(few: Place):
    told: list[MigrationResult] = []
    runner = few.runner(on_result=told.append)
    assert runner.last_result is None
    runner.upgrade_to_version("0002")
    first = runner.last_result
    assert (first.before, first.current, first.error) == ((), ("0002",), None)
    assert runs_of(runner) == [("0001", "upgrade"), ("0002", "upgrade")]
    assert 0 < sum(run.seconds for run in first.revisions) < first.seconds
    assert 0 <= first.lock_wait_seconds < first.seconds
    runner.upgrade_to_version("0002")
    assert (runs_of(runner), runner.last_result.before, runner.last_result.current) == ([], ("0002",), ("0002",))
    runner.downgrade()
    assert (runs_of(runner), runner.last_result.current) == ([("0002", "downgrade")], ("0001",))
    with pytest.raises(UnknownTarget) as caught:
        runner.upgrade_to_version("9999")
    assert runner.last_result.error is caught.value
    runner.stamp("0003")
    assert (runner.last_result.before, runner.last_result.current) == (("0001",), ("0003",))
    assert [result.current for result in told] == [("0002",), ("0002",), ("0001",), told[3].current, ("0003",)]
    assert told[-1] is runner.last_result


def test_questions_leave_nothing_behind(place: Place):
    runner = place.runner()
    runner.get_current_version()
    runner.get_pending_migrations()
    runner.inspect()
    with pytest.raises(MigrationError):
        runner.validate_schema_version("0008")
    assert (place.everything(), runner.last_result) == ([], None)


def test_stamping_writes_the_version_and_runs_nothing(place: Place):
    runner = place.runner()
    runner.stamp("0004_add_exchange_rate_events")
    assert (place.heads(), place.tables()) == (["0004"], [])
    assert place.ledger() == dict.fromkeys(ALL[:4], "recorded")
    runner.stamp("head")
    assert (runner.get_current_version(), runner.get_pending_migrations()) == ("0008", [])
    runner.stamp("base")
    assert (place.heads(), runner.get_current_version()) == ([], None)
    with pytest.raises(UnknownTarget, match="9999"):
        runner.stamp("9999")


@pytest.mark.parametrize("target", ["0009", "0008_add_account_aggregate", "nonsense", ""])
def test_a_version_that_is_none_changes_nothing(file: Place, target: str):
    runner = file.runner()
    for call in (runner.upgrade_to_version, lambda version: runner.downgrade(target=version), runner.stamp):
        with pytest.raises(UnknownTarget) as caught:
            call(target)
        assert "\n" not in str(caught.value)
    assert file.everything() == []


def test_the_nearest_revisions_are_named(file: Place):
    with pytest.raises(UnknownTarget, match=r"near it are .*0005"):
        file.runner().upgrade_to_version("00055")


def test_a_downgrade_by_more_steps_than_there_are_changes_nothing(few: Place):
    runner = few.runner()
    runner.upgrade_to_version("0002")
    with pytest.raises(UnknownTarget, match=r"0002.*fewer steps"):
        runner.downgrade(steps=3)
    with pytest.raises(UnknownTarget, match="0002"):
        runner.downgrade(target="0006")
    for steps in (0, -1):
        with pytest.raises(UnknownTarget, match="from 1"):
            runner.downgrade(steps=steps)
    assert few.heads() == ["0002"]
    runner.downgrade(target="0002")
    assert (few.heads(), runs_of(runner)) == (["0002"], [])
    runner.downgrade(steps=2)
    assert few.tables() == []


def test_a_downgrade_of_nothing_is_nothing(few: Place):
    runner = few.runner()
    runner.downgrade(target="base")
    runner.downgrade()
    assert few.everything() == []


def test_a_downgrade_stops_before_the_first_statement_where_one_revision_has_none(few: Place, tmp_path: Path):
    project = make_project(tmp_path / "app").add("a1", None, undo=None).add("a2", "a1").add("a3", "a2")
    runner = few.runner(project.config)
    runner.upgrade_to_head()
    with pytest.raises(RevisionFailed, match=r"a1 \(a1_change.py\) has no downgrade\(\)"):
        runner.downgrade(target="base")
    assert (few.heads(), few.tables()) == (["a3"], ["t_a1", "t_a2", "t_a3"])


def test_a_database_that_another_history_wrote_is_left_alone(few: Place):
    runner = few.runner()
    runner.upgrade_to_version("0002")
    few.query("UPDATE alembic_version SET version_num = 'beef'")
    for call in (runner.upgrade_to_head, runner.downgrade, lambda: runner.upgrade_to_version("0001")):
        with pytest.raises(UnknownRevision, match="beef"):
            call()
    assert (runner.get_current_version(), few.heads()) == ("beef", ["beef"])
    runner.stamp("0002")
    runner.upgrade_to_head()
    assert few.heads() == ["0008"]
