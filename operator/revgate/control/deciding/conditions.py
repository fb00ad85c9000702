"""The one function that writes Ready, Reconciling and Stalled: always together, never at odds.

Readers as they really read (cluster facts, 1): Stalled=True fails a `helm --wait` at once, Reconciling=True wins over
it, and Ready=False alone is waited for. `lastTransitionTime` moves only when a condition's status changes.
"""

from dataclasses import dataclass
from datetime import datetime

from revgate.contract.reasons import Reason
from revgate.control.deciding.decision import (
    Again,
    Await,
    AwaitPods,
    Decision,
    Discard,
    Done,
    Hold,
    Inspecting,
    Progress,
    Remove,
    Stall,
    Start,
    Tell,
    Unseen,
    Withdraw,
)
from revgate.control.deciding.endings import Started, starting, state_of
from revgate.control.deciding.floors import looking_for_pods
from revgate.control.deciding.goal import goal_of
from revgate.control.deciding.kinds import Kind
from revgate.control.observing.snapshot import Malformed, Run, Snapshot
from revgate.control.resource.record import Condition, ConditionStatus
from revgate.control.runs.job import job_name

_MOST_CHARACTERS = 1024


@dataclass(frozen=True, slots=True)
class _Standing:
    """Ready's reason and message, and which of the three is True; none of them while suspended."""

    true: str
    reason: str
    message: str


def conditions_of(snapshot: Snapshot, decision: Decision) -> tuple[Condition, ...]:
    """Return the three conditions that follow from a decision."""
    if _is_kept(snapshot, decision):
        known = snapshot.migration.status.conditions
        return tuple(each.model_copy(update={"observed_generation": snapshot.migration.generation}) for each in known)
    standing = _standing(snapshot, decision)
    return tuple(_condition(snapshot, name, standing) for name in ("Ready", "Reconciling", "Stalled"))


def _is_kept(snapshot: Snapshot, decision: Decision) -> bool:
    """Whether this pass changes nothing of what is known: only a look for drift is on its way, or saw nothing."""
    match decision:
        case Inspecting() | Unseen() | Start(kind=Kind.INSPECT):
            is_look = True
        case Remove(Run(kind=Kind.INSPECT, inputs=inputs)):
            spec = snapshot.migration.spec
            is_look = not isinstance(spec, Malformed) and goal_of(snapshot, spec).inputs == inputs
        case _:
            is_look = False
    known = snapshot.migration.status.conditions
    return is_look and any(each.type != "Reconciling" and each.status is ConditionStatus.TRUE for each in known)


def _standing(snapshot: Snapshot, decision: Decision) -> _Standing:  # noqa: PLR0911 - one answer a decision
    match decision:
        case Done(ended):
            return _Standing("Ready", ended.reason, ended.message)
        case Stall(reason, message):
            return _Standing("Stalled", reason, f"{message}; then change the spec or the annotation revgate.io/retry")
        case Hold():
            return _Standing("", Reason.SUSPENDED, "Suspended: set spec.suspend to false to go on")
        case Await() | Tell() | Discard() | AwaitPods() | Withdraw():
            return _before_a_run(decision)
        case Inspecting() | Unseen():
            return _of_a_look(decision)
        case Start(inputs, attempt):
            return _Standing("Reconciling", Reason.STARTING, starting(job_name(snapshot.migration, inputs, attempt)))
        case Remove(run, ended):
            text = ended.message if ended else f"Removing Job {run.job}, whose container has not started"
            return _Standing("Reconciling", ended.reason if ended else Reason.STARTING, text)
        case Progress(_, reason, message):
            return _Standing("Reconciling", reason, message)
        case Again(ended, at, attempt):
            text = f"{ended.message}; try {attempt + 1} follows at {at:%H:%M:%S} UTC"
            return _Standing("Reconciling", ended.reason, text)


def _of_a_look(decision: Inspecting | Unseen) -> _Standing:
    match decision:
        case Inspecting(run):
            if not isinstance(state_of(run), Started):
                return _Standing("Reconciling", Reason.STARTING, starting(run.job))
            return _Standing("Reconciling", Reason.RUNNING, f"Job {run.job} looks again")
        case Unseen(ended):
            return _Standing("Reconciling", ended.reason, ended.message)


def _before_a_run(decision: Await | Tell | Discard | AwaitPods | Withdraw) -> _Standing:
    match decision:
        case AwaitPods(_, message):
            return _Standing("Reconciling", Reason.WAITING_FOR_OLD_PODS, message)
        case Withdraw(floor):
            text = f"{looking_for_pods(floor)}; no pod requires something older any more"
            return _Standing("Reconciling", Reason.WAITING_FOR_OLD_PODS, text)
        case Await(_, reason, message):
            return _Standing("" if reason is Reason.PLANNED else "Reconciling", reason, message)
        case Tell(name):
            return _Standing("Reconciling", Reason.STARTING, f"Plan {name} is being written down")
        case Discard(plan):
            text = f"Plan {plan.name} is not what would run any more; a new one is made"
            return _Standing("Reconciling", Reason.PLAN_CHANGED, text)


def _condition(snapshot: Snapshot, name: str, standing: _Standing) -> Condition:
    status = ConditionStatus.TRUE if name == standing.true else ConditionStatus.FALSE
    return Condition(
        type=name,
        status=status,
        reason=str(standing.reason),
        message=_cut(standing.message),
        last_transition_time=_since(snapshot, name, status),
        observed_generation=snapshot.migration.generation,
    )


def _since(snapshot: Snapshot, name: str, status: ConditionStatus) -> datetime:
    for old in snapshot.migration.status.conditions:
        if old.type == name and old.status is status:
            return old.last_transition_time
    return snapshot.now.replace(microsecond=0)


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 3] + "..."
