"""A release that takes a table away waits for the pods of the release that reads it: on a node, floor by floor."""

from collections.abc import Callable
from typing import Any

from e2e.test_approval import decide, waiting_plan
from revgate.contract import names
from support.waiting import eventually
from support.world import RUNNER, World

_RESTRICTED = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def app(requires: str) -> dict[str, Any]:
    """A pod of an old release that runs until it is deleted."""
    labels, annotations = {names.MIGRATION: "ledger"}, {names.REQUIRES: requires}
    container = {
        "name": "web",
        "image": RUNNER,
        "command": ["python", "-c", "import signal; signal.pause()"],
        "securityContext": _RESTRICTED,
    }
    secure = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    spec = {"terminationGracePeriodSeconds": 1, "securityContext": secure, "containers": [container]}
    metadata = {"name": "web", "labels": labels, "annotations": annotations}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def test_an_approved_plan_waits_in_the_middle_for_the_last_old_pod(world: World, place: Callable[..., str]) -> None:
    namespace = place("floors")
    world.apply(namespace, app("0005"))
    world.migrate(namespace, targetRevision="0005", floors="Wait")
    world.until(namespace, "Ready", "UpToDate", timeout=60)
    assert len(world.jobs(namespace)) == 1
    world.kubectl("wait", "-n", namespace, "--for=condition=Ready", "pod/web", "--timeout=60s")
    world.migrate(namespace, targetRevision="0008", floors="Wait", approval="Always")
    plan = waiting_plan(world, namespace)
    decide(world, namespace, plan)
    said = "Stopped before revision 0007, which serves apps from 0006 on only"
    message = world.until(namespace, "Reconciling", "WaitingForOldPods", timeout=60)
    assert message == f"{said}, and waits for 1 pod to go: web (requires 0005)"
    status = world.migration(namespace)["status"]
    assert status["currentRevisions"] == ["0006"]
    assert status["nextFloor"]["ends"] == ["0005", "0004", "0003", "0002", "0001"]
    assert "0005" in status["servedRevisions"]
    assert "balances" in world.tables("floors")
    world.kubectl("delete", "pod", "-n", namespace, "web")
    world.kubectl("label", "smig", "-n", namespace, "ledger", "look=now")
    world.until(namespace, "Ready", "UpToDate", timeout=60)
    status = world.migration(namespace)["status"]
    assert status["servedRevisions"] == ["0008", "0007", "0006"]
    assert [entry["plan"] for entry in status["history"][:2]] == [plan, plan]
    assert len(world.objects(namespace, "splan")) == 1
    eventually("the table is gone", lambda: "balances" not in world.tables("floors"))
