"""A migration that waits at floors, on a real API server: for which pods, for how long, and what it then runs."""

from typing import Any

import pytest

from revgate.contract import names
from revgate.contract.exits import Exit
from revgate.contract.reasons import Reason
from revgate.contract.report import FloorAhead, Report
from support.held import HeldApp
from support.stage import MIGRATIONS, Stage, done, report

pytest_plugins = ["support.operator_fixtures"]

SAID = "Stopped before revision 0007, which serves apps from 0006 on only"


class Shop:
    """The pods of an app beside its migration; the test plays kubelet and scheduler."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.app = HeldApp(stage.api)
        self._nudges = 0

    def pod(self, name: str, requires: str | None, phase: str = "Running", gates: tuple[str, ...] = ()) -> None:
        self.app.create(name, requires=requires, gates=gates)
        if not gates:
            self.phase(name, phase)

    def phase(self, name: str, phase: str) -> None:
        self.stage.api.patch("pods", name, {"status": {"phase": phase}}, "status")

    def end(self, name: str) -> None:
        self.stage.api.delete("pods", name)

    def nudge(self) -> None:
        """Let the operator look now and not in 15 s."""
        self._nudges += 1
        self.stage.api.patch(MIGRATIONS, "ledger", {"metadata": {"labels": {"nudge": str(self._nudges)}}})

    def stop(self, *known: str, at: str = "0006", before: str = "0007", floor: str = "0006") -> str:
        """Let the next run stop before a floor; return its Job."""
        job = self.stage.next_job(*known)
        self.stage.kubelet.finish(job, stopped(at, before, floor))
        return job

    def wait(self) -> str:
        """Wait until pods are waited for, and return the message."""
        self.stage.until(
            "Pods are waited for", lambda: "waits for" in self.stage.ready().get("message", "") and self.reason()
        )
        return self.stage.until_true("Reconciling", "WaitingForOldPods")

    def reason(self) -> str:
        return str(self.stage.ready()["reason"])

    def arguments(self, job: str) -> list[str]:
        found = self.stage.api.get("jobs", job) or {}
        containers = found["spec"]["template"]["spec"]["containers"]
        words: list[str] = next(each["args"] for each in containers if each["name"] == names.CONTAINER)
        return [word for word in words if word.startswith(("--before", "--past", "--approved"))]


def stopped(at: str, before: str, floor: str) -> Report:
    return report(
        Exit.DONE,
        reason=Reason.WAITING_FOR_OLD_PODS,
        message=f"Database is at {at}: stopped before {before}",
        before=("0001",),
        current=(at,),
        target=("0008",),
        pending=(before, "0008"),
        pending_count=2,
        floor=FloorAhead(before, floor),
        read=True,
    )


@pytest.fixture
def shop(stage: Stage) -> Shop:
    return Shop(stage)


def test_old_pods_are_named_and_the_run_goes_on_when_they_are_gone(stage: Stage, shop: Shop):
    shop.pod("web-1", "0005")
    shop.pod("web-2", "0004,0006")
    stage.apply(floors="Wait")
    first = shop.stop()
    assert shop.arguments(first) == ["--before-floors"]
    both = "web-1 (requires 0005), web-2 (requires 0004, 0006)"
    assert shop.wait() == f"{SAID}, and waits for 2 pods to go: {both}"
    assert stage.status()["nextFloor"]["revision"] == "0007"
    shop.end("web-1")
    shop.nudge()
    stage.until("One is left", lambda: shop.wait().endswith("waits for 1 pod to go: web-2 (requires 0004, 0006)"))
    assert stage.jobs() == [first]
    stage.settle()
    shop.end("web-2")  # and nobody tells the operator
    second = stage.next_job(first, timeout=40)
    assert shop.arguments(second) == ["--before-floors", "--past=0007"]
    stage.kubelet.finish(second, done("0006", "0008"))
    stage.until_true("Ready", "UpToDate")
    assert "nextFloor" not in stage.status()
    assert [entry["to"] for entry in stage.status()["history"]] == [["0008"], ["0006"]]


def test_one_floor_after_the_other(stage: Stage, shop: Shop):
    shop.pod("web", "0003")
    stage.apply(floors="Wait")
    first = shop.stop(at="0003", before="0004", floor="0003")
    second = shop.stop(first)
    assert shop.wait() == f"{SAID}, and waits for 1 pod to go: web (requires 0003)"
    assert shop.arguments(second) == ["--before-floors", "--past=0004"]
    shop.end("web")
    shop.nudge()
    third = stage.next_job(first, second)
    assert shop.arguments(third) == ["--before-floors", "--past=0007"]
    stage.kubelet.finish(third, done("0006", "0008"))
    stage.until_true("Ready", "UpToDate")


def test_what_ends_is_served_no_longer_before_the_run_is_made(stage: Stage, shop: Shop):
    shop.pod("web", "0005")
    stage.apply(floors="Wait")
    first = shop.stop()
    shop.wait()
    # as the log of the run would have said, which nobody can read here
    served: dict[str, Any] = {"servedRevisions": ["0006", "0005"], "nextFloor": {"ends": ["0005"]}}
    stage.api.patch(MIGRATIONS, "ledger", {"status": served}, "status")
    shop.app.create("late", requires="0005")
    stage.until("A pod is let in as long as the floor waits", lambda: not shop.app.is_held("late"))
    since = stage.migration()["metadata"]["resourceVersion"]
    for pod in ("web", "late"):
        shop.end(pod)
    shop.nudge()
    job = stage.api.get("jobs", stage.next_job(first)) or {}
    made = next(
        event["object"]
        for event in stage.api.history(MIGRATIONS, "ledger", since)
        if event["object"]["status"]["servedRevisions"] == ["0006"]
    )
    assert int(made["metadata"]["resourceVersion"]) < int(job["metadata"]["resourceVersion"])
    shop.app.create("later", requires="0005")
    told = stage.until("The pod is told why it waits", lambda: shop.app.told("later"))
    assert "about to serve apps from 0006 on only: 0005 is too old" in told[-1]["message"]
    assert shop.app.is_held("later")


def test_nobody_waits_for_pods_that_the_floor_does_not_end(stage: Stage, shop: Shop):
    shop.pod("current", "0006")
    shop.pod("newer", "0008", phase="Pending")
    shop.pod("newer-and-at-work", "0008")
    shop.pod("unheard-of", "0100", phase="Pending")
    shop.pod("over", "0005", phase="Succeeded")
    shop.pod("failed", "0005", phase="Failed")
    shop.pod("silent", None)
    shop.pod("held", "0005", gates=(names.SCHEDULING_GATE,))
    stage.apply(floors="Wait")
    first = shop.stop()
    assert shop.arguments(stage.next_job(first)) == ["--before-floors", "--past=0007"]
    assert "WaitingForOldPods" in [event["reason"] for event in stage.api.find("events")]


def test_a_pod_that_is_on_its_way_out_is_waited_for(stage: Stage, shop: Shop):
    shop.pod("web", "0005")
    shop.app.bind("web")
    stage.apply(floors="Wait")
    first = shop.stop()
    shop.wait()
    shop.end("web")
    assert "deletionTimestamp" in (stage.api.get("pods", "web") or {})["metadata"]
    shop.pod("another", "0005")
    shop.nudge()
    stage.until("The operator has looked", lambda: "2 pods to go: another (requires 0005), web" in shop.wait())
    assert stage.jobs() == [first]
    shop.end("another")
    path = f"/api/v1/namespaces/{stage.api.namespace}/pods/web"
    assert stage.api.client.request("DELETE", path, json={"gracePeriodSeconds": 0}).is_success
    shop.nudge()
    stage.next_job(first)


def test_a_new_spec_is_run_at_once_and_asks_anew(stage: Stage, shop: Shop):
    shop.pod("web", "0005")
    stage.apply(floors="Wait")
    first = shop.stop()
    shop.wait()
    stage.apply(image="registry.example/ledger:1.3.0")
    second = shop.stop(first)
    assert shop.arguments(second) == ["--before-floors"]
    assert "web (requires 0005)" in shop.wait()
    stage.apply(floors="Apply")
    third = stage.next_job(first, second)
    assert shop.arguments(third) == []
    stage.kubelet.finish(third, done("0006", "0008"))
    stage.until_true("Ready", "UpToDate")
    stage.apply(floors="Wait")
    stage.until_true("Ready", "UpToDate")
    assert stage.jobs() == sorted([first, second, third])


def test_a_wait_outlives_the_operator(stage: Stage, shop: Shop):
    shop.pod("web", "0005")
    stage.apply(floors="Wait")
    first = shop.stop()
    said = shop.wait()
    stage.operator.kill()
    stage.operator.start()
    shop.pod("web-2", "0005")
    shop.nudge()
    stage.until("It looks again", lambda: shop.wait() == said.replace("1 pod", "2 pods") + ", web-2 (requires 0005)")
    assert stage.jobs() == [first]
    for pod in ("web", "web-2"):
        shop.end(pod)
    shop.nudge()
    second = stage.next_job(first)
    assert shop.arguments(second) == ["--before-floors", "--past=0007"]


def test_nothing_goes_on_while_it_is_suspended(stage: Stage, shop: Shop):
    shop.pod("web", "0005")
    stage.apply(floors="Wait")
    first = shop.stop()
    shop.wait()
    stage.apply(suspend=True)
    stage.until_reason("Suspended")
    shop.end("web")
    stage.apply(suspend=False)
    second = stage.next_job(first)
    stage.apply(suspend=True)  # before its container has started
    stage.until("The Job is removed", lambda: stage.jobs() == [first])
    assert stage.until_reason("Suspended")
    assert not stage.status()["nextFloor"].get("withdrawn")
    stage.apply(suspend=False)
    assert shop.arguments(stage.next_job(first, second)) == ["--before-floors", "--past=0007"]


def test_a_failure_past_the_floor_is_tried_again_past_it(stage: Stage, shop: Shop):
    stage.apply(floors="Wait", retry={"initialDelay": "1s"})
    first = shop.stop()
    second = stage.next_job(first)
    still = {"before": ("0006",), "current": ("0006",), "target": ("0008",)}
    failed = report(Exit.LOCK_TIMEOUT, read=True, pending=("0007", "0008"), pending_count=2, **still)
    stage.kubelet.start(second)
    stage.until_reason("Running")
    shop.pod("web", "0005")
    stage.kubelet.finish(second, failed)
    shop.wait()
    shop.end("web")
    shop.nudge()
    third = stage.next_job(first, second)
    assert shop.arguments(third) == ["--before-floors", "--past=0007"]
    assert stage.status()["run"]["failures"] == 1


def test_a_job_that_finds_no_node_is_taken_back_when_an_old_pod_comes(stage: Stage, shop: Shop):
    stage.apply(floors="Wait")
    first = shop.stop()
    second = stage.next_job(first)
    stage.kubelet.leave_unscheduled(second, "0/3 nodes are available")
    stage.until_reason("Unschedulable")
    shop.pod("web", "0005")
    shop.nudge()
    stage.until("The Job is removed", lambda: stage.jobs() == [first])
    shop.wait()
    assert not stage.status()["nextFloor"].get("withdrawn")
    shop.end("web")
    shop.nudge()
    assert shop.arguments(stage.next_job(first)) == ["--before-floors", "--past=0007"]


def test_after_a_run_that_was_killed_the_next_one_only_reads_while_an_old_pod_is_there(stage: Stage, shop: Shop):
    stage.apply(floors="Wait", retry={"initialDelay": "1s"})
    first = shop.stop()
    second = stage.next_job(first)
    stage.kubelet.start(second)
    stage.until_reason("Running")
    shop.pod("web", "0005")
    stage.kubelet.end(second, 137)
    third = stage.next_job(first, second)
    assert shop.arguments(third) == ["--before-floors"]
    assert stage.status()["nextFloor"]["unsure"]
    stage.kubelet.finish(third, stopped("0006", "0007", "0006"))
    shop.wait()
    assert "unsure" not in stage.status()["nextFloor"]


def test_without_a_ledger_it_is_refused(stage: Stage):
    with pytest.raises(AssertionError, match="floors: Wait needs the ledger"):
        stage.apply(floors="Wait", ledger={"enabled": False})
