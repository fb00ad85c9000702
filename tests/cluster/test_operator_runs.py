"""A run from apply to its end, on a real API server with the kubelet's part played by the test."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from revgate.contract import names
from revgate.contract.exits import EXIT_TABLE, Exit, Next
from revgate.contract.reasons import Reason
from support.stage import MIGRATIONS, Stage, done, report

pytest_plugins = ["support.operator_fixtures"]

SOON = {"initialDelay": "500ms", "maxDelay": "4s"}
HUMAN = [code for code in Exit if EXIT_TABLE[code].next is Next.HUMAN]
CONNECTION = [code for code in Exit if EXIT_TABLE[code].next is Next.CONNECTION]
COUNTED = [code for code in Exit if EXIT_TABLE[code].next is Next.COUNTED]


def test_applying_a_migration_makes_exactly_one_job(stage: Stage):
    uid = stage.apply()["metadata"]["uid"]
    job = stage.next_job()
    stage.until_true("Reconciling", "Starting")
    stage.kubelet.start(job)
    stage.until_true("Reconciling", "Running")
    assert stage.jobs() == [job]
    body = stage.api.get("jobs", job)
    assert body["metadata"]["labels"][names.UID] == uid
    assert "ownerReferences" not in body["metadata"]
    assert body["spec"]["backoffLimit"] == 0
    (container,) = body["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "registry.example/ledger:1.2.0"


def test_a_run_that_succeeds_makes_the_migration_ready(stage: Stage):
    stage.apply()
    job = stage.next_job()
    stage.kubelet.finish(job, done("0001", "0003"))
    message = stage.until_true("Ready", "UpToDate")
    status = stage.status()
    assert message == "Database is at 0003"
    assert (status["currentRevisions"], status["targetRevisions"], status["pendingCount"]) == (["0003"], ["0003"], 0)
    assert status["observedImage"].startswith("registry.example/ledger:1.2.0@sha256:")
    assert status["servedRevisions"] == ["0003"]
    (entry,) = status["history"]
    assert (entry["from"], entry["to"], entry["job"], entry["outcome"]) == (["0001"], ["0003"], job, "Succeeded")
    assert (status["run"]["state"], status["run"]["attempt"]) == ("Finished", 1)


def test_from_apply_to_ready_there_are_four_writes_at_most(stage: Stage):
    applied = stage.apply()
    job = stage.next_job()
    stage.kubelet.start(job)
    stage.until_true("Reconciling", "Running")
    stage.bring_to_ready()
    stage.settle()
    seen = stage.api.history(MIGRATIONS, "ledger", applied["metadata"]["resourceVersion"])
    assert [event["type"] for event in seen] == ["MODIFIED"] * len(seen)
    assert len(seen) <= 3, [event["object"]["status"]["conditions"][0] for event in seen]
    assert len(stage.jobs()) == 1


def test_each_new_reason_is_told_in_one_event(stage: Stage):
    stage.apply()
    stage.kubelet.start(stage.next_job())
    stage.until_true("Reconciling", "Running")
    stage.bring_to_ready()

    def reasons() -> list[str]:
        told = [each for each in stage.api.find("events") if each["involvedObject"]["kind"] == "SchemaMigration"]
        return sorted(each["reason"] for each in told)

    stage.until("Three events are told", lambda: reasons() == ["Running", "Starting", "UpToDate"])


def test_a_database_that_is_ahead_of_the_image_is_ready(stage: Stage):
    stage.apply()
    stage.kubelet.finish(stage.next_job(), done("0009", "0009", target=("0008",), reason=Reason.DATABASE_AHEAD))
    stage.until_true("Ready", "DatabaseAhead")
    assert stage.status()["currentRevisions"] == ["0009"]
    assert "history" not in stage.status()


@pytest.mark.parametrize("code", HUMAN, ids=lambda code: code.name)
def test_what_a_human_must_mend_stalls_and_is_not_tried_again(stage: Stage, code: Exit):
    stage.apply(retry=SOON)
    job = stage.next_job()
    pending = {"read": True, "current": ("0001",), "target": ("0003",), "pending": ("0002", "0003"), "pending_count": 2}
    stage.kubelet.finish(job, report(code, **pending))
    message = stage.until_true("Stalled", EXIT_TABLE[code].reason)
    assert f"Runner ended with {code.name}" in message
    version = stage.settle()
    assert stage.jobs() == [job]
    assert stage.migration()["metadata"]["resourceVersion"] == version
    status = stage.status()
    assert (status["pendingCount"], status["pendingRevisions"]) == (2, ["0002", "0003"])
    assert "nextRetryTime" not in status
    assert status["history"][0]["reason"] == EXIT_TABLE[code].reason


@pytest.mark.parametrize("code", CONNECTION, ids=lambda code: code.name)
def test_a_lost_connection_is_tried_again_for_ever_and_does_not_count(stage: Stage, code: Exit):
    stage.apply(retry={"initialDelay": "300ms", "maxDelay": "1s", "limit": 0})
    known: list[str] = []
    for attempt in (1, 2, 3):
        job = stage.next_job(*known)
        assert stage.status()["run"]["attempt"] == attempt
        assert stage.status()["run"].get("failures", 0) == 0
        stage.kubelet.finish(job, report(code))
        known.append(job)
    stage.bring_to_ready("ledger", *known)


def test_each_try_comes_later_than_the_one_before(stage: Stage):
    applied = stage.apply(retry={"initialDelay": "3s", "maxDelay": "1m"})
    known: list[str] = []
    for _ in (1, 2):
        known.append(stage.next_job(*known))
        stage.kubelet.finish(known[-1], report(Exit.UNREACHABLE))
    stage.bring_to_ready("ledger", *known)
    delays = delays_in(stage.api.history(MIGRATIONS, "ledger", applied["metadata"]["resourceVersion"]))
    assert list(delays) == [1, 2]
    assert delays[1] < delays[2]


def delays_in(events: list[dict[str, Any]]) -> dict[int, timedelta]:
    """How long the operator waited after each try, from the statuses that it wrote."""
    waited = {}
    for status in (event["object"]["status"] for event in events):
        if due := status.get("nextRetryTime"):
            ended = status["run"]["finishedAt"]
            waited[status["run"]["attempt"]] = datetime.fromisoformat(due) - datetime.fromisoformat(ended)
    return waited


def test_the_status_says_when_the_next_try_is_due(stage: Stage):
    stage.apply(retry={"initialDelay": "1h", "maxDelay": "2h"})
    job = stage.next_job()
    stage.kubelet.finish(job, report(Exit.UNREACHABLE))
    message = stage.until_true("Reconciling", "DatabaseUnreachable")
    assert "try 2 follows at" in message
    finished, due = stage.status()["run"]["finishedAt"], stage.status()["nextRetryTime"]
    assert due[:10] >= finished[:10]
    assert due > finished
    assert stage.jobs() == [job]


@pytest.mark.parametrize("code", COUNTED, ids=lambda code: code.name)
def test_failures_that_count_end_at_the_limit(stage: Stage, code: Exit):
    stage.apply(retry=SOON | {"limit": 1})
    first = stage.next_job()
    stage.kubelet.finish(first, report(code))
    second = stage.next_job(first)
    stage.kubelet.finish(second, report(code))
    message = stage.until_true("Stalled", "RetryLimitReached")
    assert "failed 2 times" in message
    stage.settle()
    assert stage.jobs() == sorted([first, second])


def test_an_evicted_run_is_tried_again_and_does_not_count(stage: Stage):
    stage.apply(retry=SOON | {"limit": 0})
    job = stage.next_job()
    stage.kubelet.start(job)
    stage.until_true("Reconciling", "Running")
    stage.kubelet.evict(job, 137)
    second = stage.next_job(job)
    assert stage.status()["run"]["attempt"] == 2
    stage.kubelet.finish(second, done())
    stage.until_true("Ready", "UpToDate")


def test_memory_may_run_out_once(stage: Stage):
    stage.apply(retry=SOON)
    first = stage.next_job()
    stage.kubelet.end(first, 137, reason="OOMKilled")
    second = stage.next_job(first)
    stage.kubelet.end(second, 137, reason="OOMKilled")
    assert "limits.memory" in stage.until_true("Stalled", "OutOfMemory")


def test_a_crash_without_a_report_names_the_command_that_shows_its_log(stage: Stage):
    stage.apply(retry=SOON)
    job = stage.next_job()
    stage.kubelet.end(job, 1)
    pod = stage.kubelet.pod_of(job)
    assert f"kubectl logs {pod}" in stage.until_true("Stalled", "NoReport")
