"""What a status says of a floor, whom it serves meanwhile, and which pods of apps are read."""

from dataclasses import replace
from typing import Any

import pytest

from revgate.contract.exits import Exit
from revgate.contract.reasons import Reason
from revgate.contract.report import FloorAhead
from revgate.contract.serves import Edge
from revgate.control.deciding.decide import decide
from revgate.control.deciding.decision import Remove, Start
from revgate.control.deciding.status import status_of
from revgate.control.observing.app_pods import read_app_pod, selection_of
from revgate.control.observing.snapshot import AppPod, Key, Snapshot
from revgate.control.resource.record import NextFloor, Outcome, RunRecord, RunState, Status
from revgate.control.resource.spec import Spec
from revgate.control.runs.job import Try, build_job
from support.builders import (
    BUNDLED,
    UID,
    ago,
    at_work,
    carrying_out,
    migration,
    plan,
    report,
    reported,
    run,
    silent,
    spec,
)
from support.floor_situations import (
    APPROVED,
    ASKING,
    BEFORE_HOOK,
    EARLIER,
    EDGES,
    FLOORS,
    OLD,
    PAST,
    REST,
    SUSPENDED,
    UNSURE,
    WAIT,
    asking,
    floor,
    hook_failed,
    inputs,
    remembering,
    seen,
    stop,
    stopped,
    unread,
)

MARKS = {"withdrawn": True, "unsure": True}


def recorded(world: Snapshot) -> Status:
    return status_of(world, decide(world))


def test_the_status_has_the_floor_and_serves_whom_it_will_end():
    status = recorded(seen(WAIT, stopped(WAIT), apps=(OLD,)))
    assert status.next_floor == floor(WAIT)
    assert (status.served_revisions, status.floor) == (("0006", "0005", "0004"), "")
    assert status.history[0].to == ("0006",)


SERVED = {
    "an old pod is at work": (("0006", "0005", "0004"), False),
    "no pod is there": (("0006",), True),
    "what ends is withdrawn, and still no pod is there": (("0006",), True),
    "a pod came before the last look": (("0006", "0005", "0004"), False),
    "the run past the floor is about to start": (("0006",), True),
    "the run past the floor is at work, and a pod comes": (("0006",), True),
    "the run past the floor failed in a way that may pass, and an old pod is back": (("0006", "0005", "0004"), False),
    "a new image at a floor": (("0006", "0005", "0004"), False),
    "suspended before the run past the floor has started": (("0006", "0005", "0004"), False),
    "the run past the floor finds no node, and an old pod comes": (("0006", "0005", "0004"), False),
    "the run past the floor was killed, and no pod is there": (("0006",), True),
    "the run past the floor was killed, and an old pod is there": (("0006",), False),
    "the run past the floor did not reach the database, and an old pod is there": (("0006", "0005", "0004"), False),
}


@pytest.mark.parametrize("situation", SERVED)
def test_whom_the_floor_ends_is_served_until_a_run_may_pass_it(situation):
    status = recorded(FLOORS[situation][0])
    assert status.next_floor is not None
    assert (status.served_revisions, status.next_floor.withdrawn) == SERVED[situation]


def test_a_run_past_the_floor_that_never_started_gives_back_what_was_served():
    status = recorded(seen(remembering(SUSPENDED, withdrawn=True), stopped(SUSPENDED)))
    assert status.next_floor is not None
    assert (status.served_revisions, status.next_floor.withdrawn) == (("0006", "0005", "0004"), False)


def test_a_run_past_the_floor_that_started_after_all_ends_what_it_may_pass():
    started = at_work(SUSPENDED, inputs=inputs(SUSPENDED), attempt=2, created=60, deleting=True)
    status = recorded(seen(remembering(SUSPENDED), stopped(SUSPENDED), started))
    assert status.next_floor is not None
    assert (status.served_revisions, status.next_floor.withdrawn) == (("0006",), True)


def test_a_run_whose_hooks_are_still_at_work_ends_nobody():
    hooks = at_work(WAIT, inputs=inputs(WAIT), report=stop(), edges=EDGES)
    status = recorded(seen(WAIT, hooks))
    assert status.next_floor == floor(WAIT)
    assert status.served_revisions == ("0006", "0005", "0004")


def test_a_run_past_the_floor_that_was_killed_gives_nothing_back():
    """It may have passed it."""
    lost = at_work(WAIT, inputs=inputs(WAIT), attempt=2, created=60)
    assert lost.pod is not None
    lost = replace(lost, pod=replace(lost.pod, gone=True))
    status = recorded(seen(remembering(WAIT, withdrawn=True), stopped(WAIT), lost, apps=(OLD,)))
    assert status.next_floor is not None
    assert (status.served_revisions, status.next_floor.unsure) == (("0006",), True)


def test_a_run_that_was_killed_is_not_forgotten_when_the_next_one_is_taken_back():
    """Its Job may be gone by then, and whatever comes after it has seen nothing."""
    killed = recorded(seen(remembering(WAIT, withdrawn=True), EARLIER, silent(WAIT, 137, **PAST)))
    assert killed.next_floor == UNSURE
    known = replace(SUSPENDED, status=killed.model_copy(update={"next_floor": floor(SUSPENDED, **MARKS)}))
    third = run(SUSPENDED, inputs=inputs(SUSPENDED), attempt=3, created=5)
    for others in ((silent(SUSPENDED, 137, **PAST),), ()):
        world = seen(known, *others, third)
        assert isinstance(decide(world), Remove)
        status = recorded(world)
        assert status.next_floor == floor(SUSPENDED, unsure=True)
        assert status.served_revisions == ("0006",)


def test_a_run_that_was_killed_is_not_forgotten_when_the_next_one_reaches_nothing():
    known = remembering(WAIT, **MARKS)
    status = recorded(seen(known, EARLIER, replace(unread(Exit.UNREACHABLE), attempt=3)))
    assert status.next_floor == floor(WAIT, unsure=True)
    assert status.served_revisions == ("0006",)


@pytest.mark.parametrize("code", [Exit.DONE, Exit.LOCK_TIMEOUT])
def test_a_run_that_read_the_database_ends_the_doubt(code):
    """It stopped again, or failed where it was."""
    said = stop(before="0006") if code == Exit.DONE else replace(stop(before="0006"), exit=code, floor=None)
    last = reported(WAIT, code, said=said, edges=EDGES, **(PAST | {"attempt": 3, "created": 30}))
    status = recorded(seen(remembering(WAIT, **MARKS), stopped(WAIT), last))
    assert status.next_floor == floor(WAIT)
    assert status.served_revisions == ("0006", "0005", "0004")


NOTHING = {
    "it did not reach the database": lambda: unread(Exit.UNREACHABLE),
    "it did not find the host": lambda: unread(Exit.HOST_NOT_FOUND),
    "its password was refused": lambda: unread(Exit.AUTHENTICATION_FAILED),
    "there was no such database": lambda: unread(Exit.DATABASE_NOT_FOUND),
    "a hook failed before it": lambda: hook_failed(reported(WAIT, 0, **PAST), BEFORE_HOOK),
}


@pytest.mark.parametrize("why", NOTHING)
def test_a_run_past_the_floor_that_did_nothing_gives_back_what_was_served(why):
    status = recorded(seen(remembering(WAIT, withdrawn=True), EARLIER, NOTHING[why]()))
    assert status.next_floor == floor(WAIT)
    assert status.served_revisions == ("0006", "0005", "0004")


@pytest.mark.parametrize(
    ("reason", "started", "given_back"),
    [
        (Reason.UNSCHEDULABLE, False, True),
        (Reason.IMAGE_PULL_FAILED, False, True),
        (Reason.POD_NOT_CREATED, False, True),
        (Reason.JOB_REFUSED, False, True),
        (Reason.JOB_CONFLICT, False, True),
        (Reason.POD_NOT_STARTED, True, False),
        (Reason.POD_LOST, False, False),
        (Reason.LOCK_HELD, True, False),
    ],
)
def test_of_a_run_past_the_floor_without_a_job_the_status_knows_whether_it_began(reason, started, given_back):
    known = remembering(WAIT, withdrawn=True)
    record = RunRecord(
        job="",
        uid=UID,
        inputs=inputs(WAIT),
        attempt=2,
        state=RunState.FINISHED,
        started_at=ago(40) if started else None,
        finished_at=ago(1),
        outcome=Outcome.FAILED,
        reason=reason,
    )
    world = seen(replace(known, status=known.status.model_copy(update={"run": record})), stopped(WAIT))
    status = recorded(world)
    assert status.next_floor == (floor(WAIT) if given_back else UNSURE)
    assert status.served_revisions == (("0006", "0005", "0004") if given_back else ("0006",))


@pytest.mark.parametrize(
    "ended",
    ["it came to the end", "it failed behind the floor", "it failed where a killed one had come", "it went down"],
)
def test_a_floor_that_was_passed_is_forgotten(ended):
    past = {"inputs": inputs(WAIT), "attempt": 2, "created": 60}
    failed = report(Exit.REVISION_FAILED, before=("0006",), current=("0007",))
    unmoved = report(Exit.LOCK_TIMEOUT, before=("0007",), current=("0007",))
    last = {
        "it came to the end": lambda: reported(WAIT, 0, **past),
        "it failed behind the floor": lambda: reported(WAIT, 30, said=failed, **past),
        "it failed where a killed one had come": lambda: reported(WAIT, 14, said=unmoved, **past),
        "it went down": lambda: reported(WAIT, 0, said=report(0, before=("0006",), current=("0005",)), **past),
    }[ended]()
    assert recorded(seen(remembering(WAIT, withdrawn=True), stopped(WAIT), last)).next_floor is None


def test_at_most_a_hundred_are_named():
    edges = tuple(Edge(str(n), (str(n - 1),) if n else ()) for n in range(300, -1, -1))
    said = replace(stop(), current=("300",), floor=FloorAhead("301", "300"))
    run_ = reported(WAIT, 0, said=said, edges=(Edge("301", ("300",), "300"), *edges), inputs=inputs(WAIT))
    status = recorded(seen(WAIT, run_))
    assert status.next_floor is not None
    assert (len(status.next_floor.ends), status.next_floor.ends[0]) == (100, "299")


ARGUMENTS = {
    "floors are not waited for": (Start("ab"), migration(spec()), []),
    "the first run": (Start("ab"), WAIT, ["--before-floors"]),
    "the run past a floor": (Start("ab", past=floor(WAIT)), WAIT, ["--before-floors", "--past=0007"]),
    "the first run of a plan": (
        Start("ab", plan=APPROVED),
        ASKING,
        [f"--approved={APPROVED.spec.hash}", "--before-floors"],
    ),
    "the rest of a plan": (
        Start("ab", plan=APPROVED, past=floor(ASKING, APPROVED, rest=REST), rest=REST),
        ASKING,
        [f"--approved={REST}", "--before-floors", "--past=0007"],
    ),
    "the rest of a plan, up to the same floor": (
        Start("ab", plan=APPROVED, rest=REST),
        ASKING,
        [f"--approved={REST}", "--before-floors"],
    ),
}


@pytest.mark.parametrize("situation", ARGUMENTS)
def test_a_run_is_told_where_to_stop(situation):
    start, of, words = ARGUMENTS[situation]
    assert isinstance(of.spec, Spec)
    this = Try(start.inputs, start.attempt, start.failures, plan=start.plan, past=start.past, rest=start.rest)
    container = build_job(of, of.spec, BUNDLED, this)["spec"]["template"]["spec"]["containers"][0]
    assert [word for word in container["args"] if word.startswith(("--ap", "--be", "--pa"))] == words


def test_waiting_for_floors_or_not_is_the_same_plan_and_another_run():
    assert carrying_out(asking(), plan(asking())) != inputs(asking(), plan(asking()))
    assert run(asking()).inputs == run(migration(spec())).inputs


def body(requires: str | None = "0005", phase: str = "Running", gates: tuple[str, ...] = ()) -> dict[str, Any]:
    annotations = {} if requires is None else {"revgate.io/requires": requires}
    return {
        "metadata": {"name": "web", "annotations": annotations},
        "spec": {"schedulingGates": [{"name": gate} for gate in gates]},
        "status": {"phase": phase},
    }


PODS = {
    "at work": (body(), AppPod("web", ("0005",), has_started=True)),
    "about to begin": (body(phase="Pending"), AppPod("web", ("0005",))),
    "its node is away": (body(phase="Unknown"), AppPod("web", ("0005",), has_started=True)),
    "with two requirements": (body("0005, 0004,"), AppPod("web", ("0005", "0004"), has_started=True)),
    "held": (body(phase="Pending", gates=("a/b", "revgate.io/schema")), AppPod("web", ("0005",), is_held=True)),
    "held by somebody else": (body(phase="Pending", gates=("a/b",)), AppPod("web", ("0005",))),
    "without the annotation": (body(None), None),
    "with an empty annotation": (body(" , "), None),
    "without anything": ({"metadata": {"name": "web"}}, None),
}


@pytest.mark.parametrize("situation", PODS)
def test_a_pod_is_read_as_far_as_a_floor_needs_it(situation):
    given, expected = PODS[situation]
    assert read_app_pod(given) == expected


def test_pods_that_are_over_and_runs_of_a_migration_are_not_asked_for():
    assert selection_of(Key("shop", "ledger")) == {
        "labelSelector": "revgate.io/migration=ledger,!revgate.io/run-of",
        "fieldSelector": "status.phase!=Succeeded,status.phase!=Failed",
    }


def test_the_floor_survives_the_way_through_the_api_server():
    known = floor(WAIT, rest=REST, withdrawn=True)
    assert NextFloor.model_validate(known.as_json()) == known
