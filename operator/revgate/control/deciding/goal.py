"""Which run the spec asks for, and which plan stands before it.

downgrade.to                         go down
approval: Never and mode: Apply      run these inputs
otherwise   no plan of these inputs  run them to be told what they would do
            a plan                   carry out this plan, when it may be
"""

from dataclasses import dataclass
from typing import Final

from revgate.contract.exits import Next
from revgate.contract.reasons import Reason
from revgate.control.deciding.endings import Ended, state_of
from revgate.control.deciding.inputs import (
    inputs_before_floors,
    inputs_of,
    inputs_of_downgrade,
    inputs_of_inspection,
    inputs_of_plan,
    inputs_of_planning,
)
from revgate.control.deciding.kinds import Kind
from revgate.control.deciding.latest import newest_of
from revgate.control.observing.snapshot import Plan, Run, Snapshot
from revgate.control.resource.record import Outcome, RunRecord, Status
from revgate.control.resource.spec import Spec

_LEFT: Final = (Reason.PLANNED, Reason.WAITING_FOR_OLD_PODS)


@dataclass(frozen=True, slots=True)
class Goal:
    """The run that is wanted now; `plan` is what it carries out."""

    inputs: str
    kind: Kind = Kind.APPLY
    plan: Plan | None = None
    image: str = ""  # where it is not that of the spec


def goal_of(snapshot: Snapshot, spec: Spec) -> Goal:
    """Return the run that the spec asks for, whether or not it has been made already."""
    if spec.downgrade.to:
        image = spec.downgrade.image or _image_that_applied(snapshot.migration.status)
        return Goal(inputs_of_downgrade(snapshot.migration, spec), Kind.DOWNGRADE, image=image)
    base = inputs_of(snapshot.migration, spec, snapshot.image)
    planning = inputs_of_planning(base)
    plans = [plan for plan in snapshot.plans if plan.inputs == planning]
    if done := _done_already(snapshot, base, planning, plans):
        return done
    if not spec.wants_plans:
        return Goal(_run_of(spec, base))
    if not plans:
        return Goal(planning, Kind.PLAN)
    return Goal(_run_of(spec, inputs_of_plan(base, plans[0].name)), plan=plans[0], image=plans[0].spec.image)


def _run_of(spec: Spec, inputs: str) -> str:
    return inputs_before_floors(inputs) if spec.floors == "Wait" else inputs


def _image_that_applied(status: Status) -> str:
    """Return the image that brought the database to where it is, "" when nobody remembers."""
    moved = (entry for entry in status.history if entry.to == status.current_revisions and entry.from_ != entry.to)
    named = (entry.image for entry in moved if not entry.image.startswith("sha256:"))  # an id that no node can pull
    return next(filter(None, named), "")


def _done_already(snapshot: Snapshot, base: str, planning: str, plans: list[Plan]) -> Goal | None:
    """Return how these inputs were carried out, if they were: approval, mode and floors alone start no run."""
    newest = newest_of(snapshot)
    if newest and newest.inputs == inputs_of_inspection(base):
        return Goal(newest.inputs, Kind.INSPECT)  # only what is done is looked at again
    if newest is None or not _has_nothing_left(newest):
        return None
    if newest.inputs == planning:
        return Goal(planning, Kind.PLAN)
    for inputs, plan in [(base, None), *((inputs_of_plan(base, plan.name), plan) for plan in plans)]:
        if newest.inputs in (inputs, inputs_before_floors(inputs)):
            return Goal(newest.inputs, plan=plan)
    return None


def _has_nothing_left(newest: Run | RunRecord) -> bool:
    if isinstance(newest, RunRecord):
        return newest.outcome is Outcome.SUCCEEDED and newest.reason not in _LEFT
    state = state_of(newest)
    return isinstance(state, Ended) and state.next is Next.DONE and state.reason not in _LEFT
