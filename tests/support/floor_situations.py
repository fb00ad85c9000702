"""Situations of a migration that waits at floors: what was seen, and which decision with which fields is expected.

0007 serves apps from 0006 on; the run has brought the database to 0006.
"""

from dataclasses import replace
from typing import Any

from revgate.contract.exits import Exit
from revgate.contract.reasons import Reason
from revgate.contract.report import FloorAhead, Report
from revgate.contract.serves import Edge
from revgate.control.deciding.decision import (
    Again,
    Await,
    AwaitPods,
    Decision,
    Discard,
    Done,
    Hold,
    Progress,
    Remove,
    Stall,
    Start,
    Withdraw,
)
from revgate.control.deciding.inputs import inputs_before_floors
from revgate.control.deciding.kinds import Kind
from revgate.control.observing.snapshot import (
    AppPod,
    Hook,
    Migration,
    Plan,
    Run,
    Snapshot,
    Terminated,
    Waiting,
)
from revgate.control.resource.plan_resource import Approved
from revgate.control.resource.record import HistoryEntry, NextFloor, Observation, Outcome, RunRecord, RunState, Status
from revgate.control.resource.spec import Spec
from revgate.control.runs.job import job_name
from support.builders import (
    UID,
    ago,
    at_work,
    carrying_out,
    going_down,
    looking,
    migration,
    plan,
    pod,
    report,
    reported,
    run,
    silent,
    snapshot,
    spec,
    waiting,
)

EDGES = (
    Edge("0007", ("0006",), "0006"),
    Edge("0006", ("0005",)),
    Edge("0005", ("0004",)),
    Edge("0004", ()),
)
OLD = AppPod("web-1", ("0005",), has_started=True)
OLD_AND_PENDING = AppPod("web-2", ("0005",), has_started=False)
NEW = AppPod("web-3", ("0008",), has_started=False)
CURRENT = AppPod("web-4", ("0006",), has_started=True)
HELD = AppPod("web-7", ("0005",), is_held=True)
ODD = "a b" * 50
STRANGE = AppPod("web-5", ("0099",), has_started=True)
STRANGE_AND_PENDING = AppPod("web-6", ("0099",), has_started=False)

WAIT = migration(spec(floors="Wait"))


def stop(rest: str = "", before: str = "0005") -> Report:
    """The report of a run that stopped before 0007."""
    return report(
        Exit.DONE,
        reason=Reason.WAITING_FOR_OLD_PODS,
        before=(before,),
        current=("0006",),
        target=("0008",),
        pending=("0007", "0008"),
        pending_count=2,
        edges="ab" * 32,
        floor=FloorAhead("0007", "0006", rest),
    )


def inputs(of: Migration, plan: Plan | None = None) -> str:
    """The inputs of the runs from floor to floor."""
    base = carrying_out(of, plan) if plan else run(of).inputs
    return inputs_before_floors(base)


def stopped(of: Migration, plan: Plan | None = None, rest: str = "", **fields: Any) -> Run:
    """The run that stopped, with its edges."""
    name = job_name(of, inputs(of, plan), 1)
    usual = {"edges": EDGES, "inputs": inputs(of, plan), "plan": plan.name if plan else "", "job": name}
    usual |= {"created": 120, "ended": 90}
    return reported(of, 0, said=stop(rest), **(usual | fields))


def floor(of: Migration, plan: Plan | None = None, **fields: Any) -> NextFloor:
    """What the status says afterwards."""
    usual = {"revision": "0007", "floor": "0006", "ends": ("0005", "0004"), "inputs": inputs(of, plan)}
    return NextFloor(**(usual | fields))


def remembering(of: Migration, **fields: Any) -> Migration:
    """The migration with the status after the stop, in which 0004 and 0005 are served or not any more."""
    is_withdrawn = fields.get("withdrawn", False)
    first = run(of, inputs=inputs(of), job=job_name(of, inputs(of), 1))
    return replace(
        of,
        status=Status(
            current_revisions=("0006",),
            target_revisions=("0008",),
            pending_revisions=("0007", "0008"),
            pending_count=2,
            served_revisions=("0006",) if is_withdrawn else ("0006", "0005", "0004"),
            next_floor=floor(of, **fields),
            observed_at=ago(90),
            observed_by=Observation(job=first.job, created_at=ago(120)),
            run=RunRecord(
                job=first.job,
                uid=UID,
                inputs=first.inputs,
                attempt=1,
                state=RunState.FINISHED,
                finished_at=ago(90),
                outcome=Outcome.SUCCEEDED,
                reason=Reason.WAITING_FOR_OLD_PODS,
            ),
        ),
    )


def seen(of: Migration, *runs: Run, apps: tuple[AppPod, ...] | None = None, plans: tuple[Plan, ...] = ()) -> Snapshot:
    return replace(snapshot(of, *runs, plans=plans), apps=apps)


def asking(**fields: Any) -> Migration:
    return migration(spec(floors="Wait", **fields))


def _failed(of: Migration, code: Exit, **fields: Any) -> Run:
    """The second run, past the floor, failed before it had changed anything."""
    said = report(
        code,
        before=("0006",),
        current=("0006",),
        target=("0008",),
        pending=("0007", "0008"),
        pending_count=2,
        edges="ab" * 32,
    )
    usual = {"inputs": inputs(of), "attempt": 2, "edges": EDGES, "created": 60, "ended": 30}
    return reported(of, code, said=said, **(usual | fields))


WITHDRAWN = remembering(WAIT, withdrawn=True)
ASKING = asking(approval="Always")
APPROVED = replace(plan(ASKING, approved=Approved(by="dana", at=ago(500))), created_at=ago(600))
REST = "ef" * 32
LOOKING = asking(drift={"interval": "1m"})
SUSPENDED = asking(suspend=True)
SAME_PLAN_NO_FLOORS = migration(spec(approval="Always"))
assert isinstance(ASKING.spec, Spec)
PLANNING = replace(ASKING, spec=ASKING.spec.model_copy(update={"mode": "Plan"}))
DOWN = asking(downgrade={"to": "0005"})
HALF = HistoryEntry(job="j", plan=APPROVED.name, outcome=Outcome.SUCCEEDED, reason="WaitingForOldPods")
HALF_DONE = replace(ASKING, status=Status(history=(HALF.model_copy(update={"finished_at": ago(90)}),)))
BEGUN = run(WAIT, inputs=inputs(WAIT), attempt=2, created=5)
PAST = {"inputs": inputs(WAIT), "attempt": 2, "created": 600}
EARLIER = stopped(WAIT, created=900, ended=800)
UNSURE = floor(WAIT, withdrawn=True, unsure=True)
HELD_UP = waiting(WAIT, "Unschedulable", "0/3 nodes are available", **(PAST | {"created": 5}))
KILLED = silent(WAIT, 137, ended=300, **PAST)
AFTER_HOOK = Hook("smoke", is_after=True, terminated=Terminated(1, "Error", "", ago(300)))
BEFORE_HOOK = replace(AFTER_HOOK, name="drain", is_after=False)


def hook_failed(made: Run, hook: Hook) -> Run:
    """The run whose hook failed; before the migration, that has not run."""
    assert made.pod is not None
    over = made.pod.terminated if hook.is_after else None
    return replace(made, pod=replace(made.pod, hook=hook, terminated=over), report=made.report if over else None)


def stopped_and_failed(of: Migration, plan: Plan | None = None, rest: str = "") -> Run:
    """The run that stopped, and whose hook then failed."""
    return hook_failed(stopped(of, plan, rest, created=600, ended=300), AFTER_HOOK)


def unread(code: Exit) -> Run:
    """The second run, past the floor, that did not get as far as to read the database."""
    return reported(WAIT, code, said=report(code, read=False), **(PAST | {"ended": 1}))


SAID = "Stopped before revision 0007, which serves apps from 0006 on only"

FLOORS: dict[str, tuple[Snapshot, type[Decision], dict[str, Any]]] = {
    "floors are waited for, and nothing has run yet": (
        seen(WAIT),
        Start,
        {"inputs": inputs(WAIT), "attempt": 1, "past": None},
    ),
    "a run stopped before a floor, and nobody has looked at the pods": (
        seen(WAIT, stopped(WAIT)),
        AwaitPods,
        {"floor": floor(WAIT), "message": SAID, "check_at": ago(-15)},
    ),
    "an old pod is at work": (
        seen(WAIT, stopped(WAIT), apps=(OLD,)),
        AwaitPods,
        {"message": f"{SAID}, and waits for 1 pod to go: web-1 (requires 0005)"},
    ),
    "an old pod is at work, and the Job is gone": (
        seen(remembering(WAIT), apps=(OLD,)),
        AwaitPods,
        {"message": f"{SAID}, and waits for 1 pod to go: web-1 (requires 0005)"},
    ),
    "seven old pods are at work": (
        seen(WAIT, stopped(WAIT), apps=tuple(replace(OLD, name=f"web-{number}") for number in (7, 6, 5, 4, 3, 2, 1))),
        AwaitPods,
        {
            "message": f"{SAID}, and waits for 7 pods to go: "
            + ", ".join(f"web-{number} (requires 0005)" for number in (1, 2, 3, 4, 5))
            + " and 2 more"
        },
    ),
    "an old pod is about to begin": (seen(WAIT, stopped(WAIT), apps=(OLD_AND_PENDING,)), AwaitPods, {}),
    "one of two things that a pod requires ends": (
        seen(WAIT, stopped(WAIT), apps=(replace(OLD, requires=("0006", "0004")),)),
        AwaitPods,
        {},
    ),
    "a pod is at work that requires what nobody knows": (seen(WAIT, stopped(WAIT), apps=(STRANGE,)), AwaitPods, {}),
    "a pod waits for what nobody knows": (seen(WAIT, stopped(WAIT), apps=(STRANGE_AND_PENDING,)), Withdraw, {}),
    "only pods are there that the floor does not end": (
        seen(WAIT, stopped(WAIT), apps=(NEW, CURRENT, replace(NEW, requires=("0007",), has_started=True))),
        Withdraw,
        {"floor": floor(WAIT)},
    ),
    "a pod requires something odd": (
        seen(WAIT, stopped(WAIT), apps=(replace(OLD, requires=("0005", ODD.replace(" ", "\n"))),)),
        AwaitPods,
        {"message": f"{SAID}, and waits for 1 pod to go: web-1 (requires {('0005, ' + ODD)[:60]}...)"},
    ),
    "an old pod is held": (seen(WAIT, stopped(WAIT), apps=(HELD,)), Withdraw, {}),
    "an old pod is at work, and newer ones wait for what is behind the floor": (
        seen(WAIT, stopped(WAIT), apps=(OLD, NEW, replace(NEW, name="web-8", is_held=True), CURRENT)),
        AwaitPods,
        {"message": f"{SAID}, and waits for 1 pod to go: web-1 (requires 0005); for what is pending wait 2 pods"},
    ),
    "no pod is there": (seen(WAIT, stopped(WAIT), apps=()), Withdraw, {}),
    "the log of the run is lost": (
        seen(WAIT, stopped(WAIT, edges=None), apps=(OLD,)),
        Start,
        {"past": None, "attempt": 2},
    ),
    "the log of the run is lost each time, and a pod requires what was served": (
        seen(WAIT, stopped(WAIT, edges=None, attempt=4), apps=(OLD,)),
        AwaitPods,
        {"floor": floor(WAIT, ends=())},
    ),
    "the log of the run is lost each time, and a pod requires the floor": (
        seen(WAIT, stopped(WAIT, edges=None, attempt=4), apps=(CURRENT,)),
        Withdraw,
        {},
    ),
    "what ends is withdrawn, and nobody has looked again": (seen(WITHDRAWN, stopped(WAIT)), AwaitPods, {}),
    "what ends is withdrawn, and still no pod is there": (
        seen(WITHDRAWN, stopped(WAIT), apps=()),
        Start,
        {"past": floor(WAIT, withdrawn=True), "attempt": 2, "failures": 0, "inputs": inputs(WAIT)},
    ),
    "what ends is withdrawn, the Job is gone, and still no pod is there": (
        seen(WITHDRAWN, apps=()),
        Start,
        {"past": floor(WAIT, withdrawn=True), "attempt": 2},
    ),
    "a pod came before the last look": (seen(WITHDRAWN, stopped(WAIT), apps=(OLD,)), AwaitPods, {}),
    "the run past the floor is about to start": (
        seen(WITHDRAWN, stopped(WAIT), BEGUN, apps=()),
        Progress,
        {"reason": Reason.STARTING},
    ),
    "the run past the floor is about to start, and nobody has looked at the pods": (
        seen(WITHDRAWN, stopped(WAIT), BEGUN),
        AwaitPods,
        {"message": SAID},
    ),
    "the run past the floor finds no node, and an old pod comes": (
        seen(WITHDRAWN, stopped(WAIT), HELD_UP, apps=(OLD,)),
        Remove,
        {"run": HELD_UP, "ended": None},
    ),
    "the run past the floor finds no node": (
        seen(WITHDRAWN, stopped(WAIT), HELD_UP, apps=()),
        Progress,
        {"reason": Reason.UNSCHEDULABLE},
    ),
    "the run past the floor is being removed, and an old pod is there": (
        seen(WITHDRAWN, stopped(WAIT), replace(HELD_UP, deleting=True), apps=(OLD,)),
        Progress,
        {},
    ),
    "a run that only reads finds no node, and an old pod is there": (
        seen(remembering(WAIT, unsure=True), stopped(WAIT), HELD_UP, apps=(OLD,)),
        Progress,
        {},
    ),
    "the run past the floor has migrated, and nobody can read what it said": (
        seen(
            WITHDRAWN,
            stopped(WAIT),
            replace(
                HELD_UP,
                pod=replace(
                    pod(started=30, exited=0, waiting=Waiting("ErrImagePull", "", "smoke")),
                    hook=Hook("smoke", is_after=True),
                ),
            ),
            apps=(OLD,),
        ),
        Progress,
        {"reason": Reason.IMAGE_PULL_FAILED},
    ),
    "a hook failed after the stop": (
        seen(remembering(WAIT), stopped_and_failed(WAIT), apps=()),
        Start,
        {"past": None, "attempt": 2, "failures": 1, "rest": ""},
    ),
    "a hook failed after the stop, and an old pod is there": (
        seen(remembering(WAIT), stopped_and_failed(WAIT), apps=(OLD,)),
        Start,
        {"past": None, "attempt": 2},
    ),
    "a hook failed after the stop of an approved plan": (
        seen(HALF_DONE, stopped_and_failed(ASKING, APPROVED, REST), apps=(), plans=(APPROVED,)),
        Start,
        {"past": None, "rest": REST, "plan": APPROVED},
    ),
    "the run past the floor was killed, and an old pod is there": (
        seen(WITHDRAWN, EARLIER, KILLED, apps=(OLD,)),
        Start,
        {"past": None, "attempt": 3, "failures": 1},
    ),
    "the run past the floor was killed, only the status knows, and an old pod is there": (
        seen(
            replace(
                WAIT,
                status=remembering(WAIT, withdrawn=True).status.model_copy(
                    update={
                        "run": RunRecord(
                            job=KILLED.job,
                            uid=UID,
                            inputs=KILLED.inputs,
                            attempt=2,
                            state=RunState.FINISHED,
                            started_at=ago(400),
                            finished_at=ago(300),
                            outcome=Outcome.FAILED,
                            reason=Reason.KILLED,
                        )
                    }
                ),
            ),
            apps=(OLD,),
        ),
        Start,
        {"past": None, "attempt": 3},
    ),
    "the run past the floor was killed, and no pod is there": (
        seen(WITHDRAWN, EARLIER, KILLED, apps=()),
        Start,
        {"past": UNSURE, "attempt": 3},
    ),
    "the run past the floor did not reach the database, and an old pod is there": (
        seen(WITHDRAWN, EARLIER, unread(Exit.UNREACHABLE), apps=(OLD,)),
        Again,
        {},
    ),
    "the run past the floor is at work, and a pod comes": (
        seen(WITHDRAWN, stopped(WAIT), at_work(WAIT, inputs=inputs(WAIT), attempt=2, created=60), apps=(OLD,)),
        Progress,
        {"reason": Reason.RUNNING},
    ),
    "the run past the floor has come to the end": (
        seen(WITHDRAWN, stopped(WAIT), reported(WAIT, 0, inputs=inputs(WAIT), attempt=2)),
        Done,
        {"reason": Reason.UP_TO_DATE},
    ),
    "the run past the floor failed in a way that may pass, and it is not yet time": (
        seen(WITHDRAWN, stopped(WAIT), _failed(WAIT, Exit.LOCK_TIMEOUT, ended=1)),
        Again,
        {"attempt": 2},
    ),
    "the run past the floor failed in a way that may pass, and an old pod is back": (
        seen(WITHDRAWN, stopped(WAIT), _failed(WAIT, Exit.LOCK_TIMEOUT), apps=(OLD,)),
        AwaitPods,
        {},
    ),
    "the run past the floor failed in a way that may pass": (
        seen(WITHDRAWN, stopped(WAIT), _failed(WAIT, Exit.LOCK_TIMEOUT), apps=()),
        Withdraw,
        {},
    ),
    "the run past the floor failed for a human": (
        seen(WITHDRAWN, stopped(WAIT), _failed(WAIT, Exit.REVISION_FAILED)),
        Stall,
        {"reason": Reason.REVISION_FAILED},
    ),
    "suspended before the run past the floor has started": (
        seen(
            remembering(SUSPENDED, withdrawn=True),
            stopped(SUSPENDED),
            replace(BEGUN, inputs=inputs(SUSPENDED)),
        ),
        Remove,
        {"ended": None},
    ),
    "suspended at a floor": (seen(SUSPENDED, stopped(SUSPENDED), apps=()), Hold, {}),
    "it is not waited any more": (
        seen(replace(migration(), status=remembering(WAIT).status), stopped(WAIT)),
        Start,
        {"past": None, "inputs": run(migration()).inputs},
    ),
    "done, and floors are waited for from now on": (
        seen(WAIT, reported(migration(), 0)),
        Done,
        {"reason": Reason.UP_TO_DATE},
    ),
    "done, and floors are waited for no more": (
        seen(migration(), reported(WAIT, 0, inputs=inputs(WAIT))),
        Done,
        {"reason": Reason.UP_TO_DATE},
    ),
    "a new image at a floor": (
        seen(
            migration(spec(image="ledger:2", floors="Wait"), generation=2, status=remembering(WAIT).status),
            stopped(WAIT),
        ),
        Start,
        {"past": None, "attempt": 1},
    ),
    "nobody knows any more which floor it was": (
        seen(replace(WAIT, status=remembering(WAIT).status.model_copy(update={"next_floor": None}))),
        Start,
        {"past": None, "attempt": 2},
    ),
    "drift is not looked for at a floor": (
        seen(LOOKING, stopped(LOOKING, created=900, ended=800), apps=(OLD,)),
        AwaitPods,
        {},
    ),
    "drift is looked for when it is done": (
        seen(LOOKING, reported(LOOKING, 0, inputs=inputs(LOOKING), created=900, ended=800)),
        Start,
        {"kind": Kind.INSPECT, "inputs": looking(LOOKING)["inputs"], "past": None},
    ),
    "a downgrade is asked for at a floor": (
        seen(replace(DOWN, status=remembering(WAIT).status), stopped(WAIT)),
        Start,
        {"kind": Kind.DOWNGRADE, "past": None, "inputs": going_down(DOWN)["inputs"]},
    ),
    "an approved plan was carried out up to a floor, and no pod is there": (
        seen(HALF_DONE, stopped(ASKING, APPROVED, REST), apps=(), plans=(APPROVED,)),
        Withdraw,
        {"floor": floor(ASKING, APPROVED, rest=REST)},
    ),
    "an approved plan was carried out up to a floor, and only plans are asked for now": (
        seen(PLANNING, stopped(PLANNING, APPROVED, REST), apps=(), plans=(APPROVED,)),
        Await,
        {"reason": Reason.PLANNED},
    ),
    "an approved plan was carried out up to a floor, and floors are waited for no more": (
        seen(
            replace(SAME_PLAN_NO_FLOORS, status=HALF_DONE.status),
            stopped(ASKING, APPROVED, REST),
            plans=(APPROVED,),
        ),
        Discard,
        {"plan": APPROVED},
    ),
}
