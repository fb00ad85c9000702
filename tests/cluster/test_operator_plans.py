"""Plans and looks for drift on a real API server; the test plays the runner, and its pod's log is real to the API."""

from datetime import UTC, datetime, timedelta

from generated.stillness import Stillness
from revgate.contract import names
from revgate.contract.exits import Exit
from revgate.contract.planned import digest_of, encode_plan
from revgate.contract.reasons import Reason
from support.builders import DOCUMENT
from support.node import Node
from support.stage import MIGRATIONS, Stage, report

pytest_plugins = ["support.operator_fixtures", "support.plugin_fixtures"]

BEHIND = {"before": ("0001",), "current": ("0001",), "target": ("0002",), "pending": ("0002",), "pending_count": 1}


def tell(stage: Stage, node: Node, job: str) -> str:
    """Let a plan run tell its plan, and return the name of the SchemaPlan."""
    lines = encode_plan(DOCUMENT)
    pod = stage.kubelet.pod_of(job)
    node.take(stage.api, pod)
    node.logs[pod, names.CONTAINER] = "".join(f"{line}\n" for line in lines)
    stage.kubelet.finish(job, report(Exit.DONE, reason=Reason.PLANNED, read=True, plan=digest_of(lines), **BEHIND))
    stage.until_true("Reconciling", "AwaitingApproval")
    return str(stage.status()["plan"])


def hours_ago(hours: int) -> str:
    return (datetime.now(UTC) - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


def reasons_since(stage: Stage, version: str) -> list[str]:
    """Return the reasons of Ready that were written after a version, each change once."""
    seen = [
        each["object"]["status"]["conditions"][0]["reason"] for each in stage.api.history(MIGRATIONS, "ledger", version)
    ]
    return [reason for place, reason in enumerate(seen) if place == 0 or seen[place - 1] != reason]


def test_a_plan_that_is_another_now_is_said_to_have_changed(stage: Stage, node: Node):
    stage.apply(approval="Always")
    first = stage.next_job()
    plan = tell(stage, node, first)
    approved = {"by": "dana", "at": "2026-03-01T12:00:00Z"}
    stage.api.patch(names.PLANS, plan, {"spec": {"approved": approved}})
    second = stage.next_job(first)
    version = stage.migration()["metadata"]["resourceVersion"]
    said = "Approved plan is not what would run now"
    stage.kubelet.finish(
        second, report(Exit.CONFIGURATION, reason=Reason.PLAN_CHANGED, message=said, read=True, **BEHIND)
    )
    third = stage.next_job(first, second, timeout=60)  # Kubernetes finds out about a new CRD's objects within 30 s
    assert stage.api.get(names.PLANS, plan) is None
    assert "PlanChanged" in reasons_since(stage, version)
    (container,) = stage.api.get("jobs", third)["spec"]["template"]["spec"]["containers"]
    assert "--plan" in container["args"]


def test_a_database_that_is_not_where_it_was_brought_has_drifted(stage: Stage):
    stage.apply(drift={"interval": "1h"})
    first = stage.bring_to_ready()
    stage.api.patch(MIGRATIONS, "ledger", {"status": {"run": {"finishedAt": hours_ago(2)}}}, "status")
    look = stage.next_job(first)
    stage.kubelet.finish(
        look, report(Exit.DONE, reason=Reason.PLANNED, message="1 revision is missing", read=True, **BEHIND)
    )
    message = stage.until_true("Stalled", "Drifted")
    assert "although it had been brought to its target" in message
    assert stage.status()["drift"]["detected"] is True
    assert stage.jobs() == sorted([first, look])


def test_a_suspended_migration_whose_look_is_due_is_left_alone(stage: Stage):
    stage.apply(drift={"interval": "1h"})
    stage.bring_to_ready()
    stage.settle()
    stage.apply(suspend=True)
    stage.api.patch(MIGRATIONS, "ledger", {"status": {"run": {"finishedAt": hours_ago(2)}}}, "status")
    still = Stillness(stage.operator)
    still.without_writes()
    still.looks_only_by_timers([3.0] * len(stage.api.find("jobs")))
    stage.until_true("Ready", "UpToDate")
    first = stage.jobs()
    stage.apply(suspend=False)
    assert stage.next_job(*first)
