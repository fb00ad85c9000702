"""`kubectl revgate logs` and `why`: logs come through the API server from a kubelet, as ever."""

from typing import Any

import pytest

from revgate.contract import names
from support.api import Api
from support.cluster import Cluster
from support.held import HeldApp
from support.node import Node, container_state
from support.plugin import JOB, Plugin, Written, grant, read, run, standing
from support.waiting import eventually

pytest_plugins = ["support.operator_fixtures", "support.plugin_fixtures"]

EARLIER = "ledger-0a0b0c0d0e-1"
WAIT = {"name": "schema", "image": "app", "command": ["revgate", "wait"], "args": ["--requires", "0008"]}
GATE = names.SCHEDULING_GATE


def create_pod(api: Api, name: str, labels: dict[str, str], **spec: Any) -> str:
    path = f"/api/v1/namespaces/{api.namespace}/serviceaccounts/default"
    eventually("The namespace has its service account", lambda: api.client.get(path).is_success)
    containers = [{"name": names.CONTAINER, "image": "i"}]
    api.create("pods", {"metadata": {"name": name, "labels": labels}, "spec": {"containers": containers} | spec})
    return name


def runner(api: Api, job: str) -> str:
    """Create a Job's pod, without the Job."""
    return create_pod(api, f"{job}-x2x9z", {names.RUN_OF: "ledger", "batch.kubernetes.io/job-name": job})


def at_work(node: Node, api: Api, pod: str, text: str, container: str = names.CONTAINER, **more: str) -> None:
    node.take(api, pod)
    node.state(api, pod, container, {"running": {"startedAt": "2026-03-01T12:00:00Z"}}, **more)
    node.logs[pod, container] = text


# ---- logs


def test_the_log_of_the_newest_run_is_printed_as_it_is(revgate: Plugin, written: Written, node: Node):
    written.migration(**standing("Running"), **run("Started"))
    at_work(node, revgate.api, runner(revgate.api, EARLIER), "earlier\n")
    at_work(node, revgate.api, runner(revgate.api, JOB), "Applied 0004\nApplied 0005\n")
    assert revgate.ok("logs", "ledger").out == "Applied 0004\nApplied 0005\n"
    assert revgate.ok("logs", "ledger", "--tail", "1").out == "Applied 0005\n"
    assert revgate.ok("logs", "ledger", "-f").out == "Applied 0004\nApplied 0005\n"
    assert revgate.ok("logs", "ledger", "--previous").out == "earlier\n"


def test_a_run_whose_container_has_not_started_says_what_it_waits_for(revgate: Plugin, written: Written, node: Node):
    written.migration(**standing("ImagePullFailed"), **run("Unstarted"))
    pod = runner(revgate.api, JOB)
    assert revgate.refused("logs", "ledger").startswith(f"Pod {pod} has no log yet, its container has not started: ")
    node.take(revgate.api, pod)
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}
    node.state(revgate.api, pod, names.CONTAINER, waiting)
    assert revgate.refused("logs", "ledger").endswith(": ImagePullBackOff: no such image")


def test_without_a_pod_the_status_has_the_last_words(revgate: Plugin, written: Written):
    written.migration(**standing("Pending", "Not looked at"))
    assert revgate.refused("logs", "ledger") == "Migration ledger had no run yet: Not looked at"
    written.status(**run("Finished", reason="RevisionFailed", outcome="Failed", message="Revision 0004 failed"))
    assert revgate.refused("logs", "ledger").startswith(
        f"Pod of Job {JOB} is gone, and its log with it; it ended with RevisionFailed: Revision 0004 failed"
    )
    assert revgate.refused("logs", "ledger", "-p").startswith("No pod of an earlier run of migration ledger is there")


def test_who_may_not_read_logs_is_told_which_right_is_missing(revgate: Plugin, written: Written, crd: Cluster):
    written.migration(**run("Started"))
    pod = runner(revgate.api, JOB)
    started = {"running": {"startedAt": "2026-03-01T12:00:00Z"}}
    revgate.api.patch("pods", pod, {"status": container_state(names.CONTAINER, started)}, "status")
    grant(crd, revgate.api, "dev", {"schemamigrations": ["get"], "pods": ["list"]})
    said = revgate.refused("logs", "ledger", "--as", "dev")
    assert said.startswith(f"User dev may not get pods in namespace {revgate.api.namespace}: ")
    grant(crd, revgate.api, "dev", {"pods": ["get"]})
    said = revgate.refused("logs", "ledger", "--as", "dev")
    assert said.startswith(f"User dev may not get pods/log in namespace {revgate.api.namespace}: ")


# ---- why


@pytest.mark.parametrize(
    ("requires", "answer"),
    [
        ("0005", "Behind: Database is at 0003, 0005 is required and pending"),
        (
            "0001",
            "Past its floor: Database is at 0003 and serves apps from 0002 on: 0001 is too old, or is not of this",
        ),
        ("0003, 0002", "Yes: Database is at 0003 and serves 0003"),
    ],
)
def test_a_scheduling_gate_is_explained_by_the_migrations_status(
    revgate: Plugin, written: Written, requires: str, answer: str
):
    written.migration(**standing("RevisionFailed", "Revision 0004 failed", true="Stalled"), **read(), floor="0002")
    HeldApp(revgate.api).create("web", requires)
    lines = revgate.ok("why", "pod/web").lines
    assert lines[:2] == [f"Pod        {revgate.api.namespace}/web", f"Held       by its scheduling gate {GATE}"]
    assert f"Requires   {requires}" in lines
    assert any(line.startswith(f"Answer     {answer}") for line in lines)
    assert ("Migration  ledger: RevisionFailed" in lines) is not answer.startswith("Yes")
    assert lines[-1].startswith("Next  ")


def test_a_gate_that_nobody_can_lift_says_what_is_missing(revgate: Plugin, written: Written):
    app = HeldApp(revgate.api)
    app.create("mute", requires=None)
    app.create("lost", migration="leger")
    written.migration("ledger")
    lacks = f"It has no annotation {names.REQUIRES}: nobody can lift the gate; add it to the pod template"
    assert lacks in revgate.ok("why", "mute").out
    assert "SchemaMigration leger was not found" in revgate.ok("why", "lost").out
    assert "did you mean ledger?" in revgate.ok("why", "lost").out


def test_who_may_see_pods_only_is_told_by_what_one_is_held(revgate: Plugin, written: Written, crd: Cluster):
    HeldApp(revgate.api).create("web", "0003")
    grant(crd, revgate.api, "dev", {"pods": ["get"]})
    lines = revgate.ok("why", "web", "--as", "dev").lines
    assert lines[1:3] == [f"Held       by its scheduling gate {GATE}", "Requires   0003"]
    assert lines[3].startswith("Answer     User dev may not get schemamigrations.revgate.io in namespace ")


def test_an_init_container_says_itself_what_it_waits_for(revgate: Plugin, written: Written, node: Node):
    written.migration(**standing("Running", "Job is at work"), **run("Started"))
    pod = create_pod(revgate.api, "web", {names.MIGRATION: "ledger"}, initContainers=[WAIT])
    assert "It has not started: " in revgate.ok("why", pod).out
    at_work(
        node,
        revgate.api,
        pod,
        "Database was not reached\nDatabase is at 0003\n",
        "schema",
        kind="initContainerStatuses",
    )
    assert revgate.ok("why", pod).lines[1:5] == [
        "Held       by its init container schema",
        "           Database is at 0003",
        "Migration  ledger: Running",
        "           Job is at work",
    ]
    end = {"exitCode": 1, "reason": "Error", "message": "Wait timed out: Database is at 0003\n"}
    node.state(revgate.api, pod, "schema", {"terminated": end}, "initContainerStatuses")
    assert revgate.ok("why", pod).lines[2] == "           Wait timed out: Database is at 0003"
    node.state(revgate.api, pod, "schema", {"terminated": {"exitCode": 0}}, "initContainerStatuses")
    assert "Held       by nothing of revgate; it is Pending" in revgate.ok("why", pod).lines


def test_a_pod_that_others_hold_is_not_blamed_on_the_schema(revgate: Plugin):
    create_pod(revgate.api, "web", {}, schedulingGates=[{"name": "example.com/quota"}])
    lines = revgate.ok("why", "web").lines
    assert lines[1] == "Held       by nothing of revgate; it is Pending"
    assert lines[2].startswith("           SchedulingGated: ")
