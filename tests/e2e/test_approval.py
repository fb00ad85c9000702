"""Approval on a real cluster: a plan is read from the pod's log, a person approves it, and it alone is carried out."""

import json
from collections.abc import Callable

from support.waiting import eventually
from support.world import World

AT = "2026-03-01T12:00:00Z"


def decide(world: World, namespace: str, plan: str, **words: str) -> None:
    """Write into a plan as the administrator, whose name the policy wants to see."""
    admin = json.loads(world.kubectl("auth", "whoami", "-o", "json"))["status"]["userInfo"]["username"]
    kind = "rejected" if words else "approved"
    patch = {"spec": {kind: {"by": admin, "at": AT, **words}}}
    world.kubectl("patch", "splan", plan, "-n", namespace, "--type=merge", "--patch", json.dumps(patch))


def waiting_plan(world: World, namespace: str) -> str:
    message = world.until(namespace, "Reconciling", "AwaitingApproval", timeout=60)
    plan = world.migration(namespace)["status"]["plan"]
    assert message.startswith(f"Plan {plan} applies")
    return str(plan)


def test_a_plan_is_approved_and_carried_out(world: World, place: Callable[..., str]) -> None:
    namespace = place("approved")
    world.migrate(namespace, targetRevision="0006")
    world.until(namespace, "Ready", "UpToDate", timeout=60)
    world.migrate(namespace, targetRevision="0008", approval="Destructive")
    plan = waiting_plan(world, namespace)
    assert "table balances" in world.reason(namespace)[2]
    assert "journals" in world.tables("approved")
    assert world.migration(namespace)["status"]["currentRevisions"] == ["0006"]
    spec = world.get(namespace, "splan", plan)["spec"]
    assert [one["revision"] for one in spec["revisions"]] == ["0007", "0008"]
    assert "DROP TABLE" in "".join(one["sql"] for one in spec["revisions"])
    decide(world, namespace, plan)
    world.until(namespace, "Ready", "UpToDate", timeout=60)
    status = world.migration(namespace)["status"]
    assert status["currentRevisions"] == ["0008"]
    assert status["history"][0]["plan"] == plan
    assert "balances" not in world.tables("approved")


def test_a_plan_that_nobody_wants_is_rejected_and_another_spec_makes_another(
    world: World, place: Callable[..., str]
) -> None:
    namespace = place("rejected")
    world.migrate(namespace, targetRevision="0002", approval="Always")
    plan = waiting_plan(world, namespace)
    decide(world, namespace, plan, why="on Monday")
    message = world.until(namespace, "Stalled", "PlanRejected", timeout=30)
    assert "on Monday" in message
    world.migrate(namespace, targetRevision="0001", approval="Always")
    eventually("another plan waits", lambda: world.reason(namespace)[1] == "AwaitingApproval", timeout=60)
    assert waiting_plan(world, namespace) != plan
    assert world.tables("rejected") == []


def test_a_database_that_moved_after_the_approval_is_planned_again(world: World, place: Callable[..., str]) -> None:
    namespace = place("moved")
    world.migrate(namespace, targetRevision="0001")
    world.until(namespace, "Ready", "UpToDate", timeout=60)
    world.migrate(namespace, targetRevision="0003", approval="Always")
    first = waiting_plan(world, namespace)
    world.migrate(namespace, "other", targetRevision="0002", ledger={"enabled": False})
    world.until(namespace, "Ready", "UpToDate", name="other", timeout=60)
    decide(world, namespace, first)
    eventually(
        "a plan from 0002 waits",
        lambda: (
            world.reason(namespace)[1] == "AwaitingApproval" and world.migration(namespace)["status"]["plan"] != first
        ),
        timeout=90,
        world=lambda: world.picture(namespace),
    )
    second = world.get(namespace, "splan", world.migration(namespace)["status"]["plan"])
    assert (second["spec"]["from"], second["spec"]["to"]) == (["0002"], ["0003"])
    assert world.get(namespace, "splan", first) == {}


def test_in_mode_plan_nothing_is_done(world: World, place: Callable[..., str]) -> None:
    namespace = place("only-planned")
    world.migrate(namespace, mode="Plan")
    world.until(namespace, "", "Planned", timeout=60)
    assert world.tables("only_planned") == []
    assert len(world.objects(namespace, "splan")) == 1
