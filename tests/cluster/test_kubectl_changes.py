"""`kubectl revgate retry`, `suspend` and `resume`, with the real operator doing what they ask."""

import pytest

from revgate.contract import names
from revgate.contract.exits import Exit
from support.plugin import Plugin, parsed
from support.stage import Stage, report

pytest_plugins = ["support.operator_fixtures", "support.plugin_fixtures"]


def test_a_stalled_migration_is_tried_again_as_often_as_asked(stage: Stage, revgate: Plugin):
    stage.apply()
    job = stage.next_job()
    stage.kubelet.finish(job, report(Exit.REVISION_FAILED, message="Revision 0002 failed"))
    stage.until_true("Stalled", "RevisionFailed")
    assert "Next       Nothing by itself; mend what the message names" in revgate.ok("status", "ledger").out
    assert parsed(revgate.ok("history", "ledger", "-o", "json"))[0]["reason"] == "RevisionFailed"
    assert revgate.ok("retry", "ledger").out.startswith("Migration ledger is tried again: `kubectl revgate status")
    second = stage.next_job(job)
    assert f"Next       Job {second} starts its container; " in revgate.ok("status", "ledger").out
    stage.kubelet.start(second)
    stage.until_true("Reconciling", "Running")
    assert f"Next       Job {second} ends by itself; `kubectl revgate logs ledger" in revgate.ok("status", "ledger").out
    assert f"when Job {second}, which is at work, has ended" in revgate.ok("retry", "ledger").out


def test_a_suspended_migration_starts_nothing_until_it_is_resumed(stage: Stage, revgate: Plugin):
    stage.apply(suspend=True)
    stage.until_reason("Suspended")
    lines = revgate.ok("status", "ledger").lines
    assert lines[1] == "Ready      False, Suspended, suspended"
    assert lines[-1].startswith("Next       Nothing is started; `kubectl revgate resume ledger -n ")
    assert revgate.ok("suspend", "ledger").out == "Migration ledger was suspended already\n"
    assert "when it is no longer suspended: `kubectl revgate resume" in revgate.ok("retry", "ledger").out
    assert stage.jobs() == []
    assert revgate.ok("resume", "ledger").out.startswith("Migration ledger goes on: `kubectl revgate status ledger")
    job = stage.next_job()
    stage.kubelet.start(job)
    stage.until_true("Reconciling", "Running")
    assert revgate.ok("suspend", "ledger").out == f"Migration ledger is suspended: Job {job} is at work and goes on\n"
    assert stage.migration()["spec"]["suspend"] is True
    revgate.ok("resume", "ledger")
    assert revgate.ok("resume", "ledger").out == "Migration ledger was not suspended\n"
    stage.bring_to_ready("ledger")


@pytest.mark.parametrize("verb", ["retry", "suspend"])
def test_who_may_not_change_a_migration_is_told_so_and_nothing_is_changed(stage: Stage, revgate: Plugin, verb: str):
    stage.apply(suspend=verb == "retry")
    before = stage.migration()
    revgate.refused(verb, "ledger", "--as", "stranger")
    after = stage.migration()
    assert (after["spec"], after["metadata"].get("annotations", {}).get(names.RETRY)) == (before["spec"], None)
