"""What to do about one migration, decided from a snapshot alone: the first check that fires wins."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from revgate.contract.durations import parse_duration
from revgate.contract.exits import Next
from revgate.contract.reasons import Reason
from revgate.control.backoff import retry_at
from revgate.control.decision import (
    Again,
    Decision,
    Discard,
    Done,
    Hold,
    Inspecting,
    Progress,
    Remove,
    Stall,
    Start,
    Unseen,
)
from revgate.control.endings import Ended, Started, Unstarted, state_of
from revgate.control.goal import Goal, goal_of
from revgate.control.inputs import inputs_of, inputs_of_inspection
from revgate.control.job import attempt_of, job_name, series_of
from revgate.control.kinds import Kind
from revgate.control.latest import ended_of, newest_of
from revgate.control.planning import held_back, lost_plan, told, was_carried_out
from revgate.control.record import RunState
from revgate.control.snapshot import Malformed, Migration, Run, Snapshot
from revgate.control.spec import Spec


@dataclass(frozen=True, slots=True)
class _Case:
    """A snapshot whose spec could be read, with what every check needs."""

    snapshot: Snapshot
    migration: Migration
    spec: Spec
    goal: Goal

    def is_ours(self, run: Run) -> bool:
        return run.uid == self.migration.uid and run.inputs == self.goal.inputs

    @property
    def is_held(self) -> bool:
        spec = self.spec
        unplanned = bool(spec.downgrade.to) and spec.wants_plans  # the CRD refuses it
        return spec.suspend or self.migration.is_deleted or unplanned

    def is_remembered(self, run: Run) -> bool:
        """Whether the status says already how this run ended: its Job was removed and is on its way out."""
        record = self.migration.status.run
        return run.deleting and record is not None and record.job == run.job and record.state is RunState.FINISHED

    def has_ended(self, run: Run) -> bool:
        """Whether the status says that this run was at work and is over: what shows it at work is an older view."""
        record = self.migration.status.run
        if record is None or record.job != run.job or record.uid != run.uid:
            return False
        return record.state is RunState.FINISHED and record.started_at is not None

    def start(self, attempt: int, failures: int = 0) -> Start:
        """Return the start of this try of the goal."""
        goal = self.goal
        return Start(goal.inputs, attempt, failures, goal.kind, goal.plan, goal.image)

    def next_attempt(self, inputs: str = "") -> int:
        """Begin at 1 for a new spec, even one that was there before; number on where a Job of this name exists."""
        series = series_of(job_name(self.migration, inputs or self.goal.inputs, 1))
        known = [run.job for run in self.snapshot.runs]
        if seen := self.migration.status.observed_by:
            known.append(seen.job)  # of the same name, a run would count as taken over already
        return 1 + max((attempt_of(job) for job in known if series_of(job) == series), default=0)


@dataclass(frozen=True, slots=True)
class _Last:
    """How the newest try ended, when it was one of these inputs."""

    ended: Ended
    attempt: int
    failures: int


_DOING: Final = {
    Kind.APPLY: "is at work",
    Kind.PLAN: "looks what there is to do",
    Kind.DOWNGRADE: "goes down",
    Kind.INSPECT: "looks again",
}
_FIRST_LOOK: Final = timedelta(seconds=3)
_LATER_LOOK: Final = timedelta(seconds=30)  # also after which a run tells where it is
_LEAST_INTERVAL: Final = 60.0


def decide(snapshot: Snapshot) -> Decision:
    """Return the one thing to do now."""
    migration = snapshot.migration
    if isinstance(migration.spec, Malformed):
        return Stall(Reason.INVALID_SPEC, migration.spec.message)
    spec = migration.spec
    case = _Case(snapshot, migration, spec, goal_of(snapshot, spec))
    for check in _CHECKS:
        if decision := check(case):
            return decision
    return case.start(case.next_attempt())


def _runs_something_else(case: _Case) -> Decision | None:
    """A run with other inputs, or of an earlier migration of this name, is at work or about to be."""
    for run in case.snapshot.runs:
        if case.is_ours(run):
            continue
        match state_of(run):
            case Started(since):
                text = f"Job {run.job} of an earlier spec has run since {since:%H:%M:%S} UTC and is waited for"
                return Progress(run, Reason.WAITING_FOR_PREVIOUS_RUN, text)
            case Unstarted() if not run.deleting:
                return Remove(run)
            case Unstarted():
                return Progress(run, Reason.WAITING_FOR_PREVIOUS_RUN, f"Job {run.job} is being removed")
            case Ended():
                pass
    return None


def _is_at_work(case: _Case) -> Decision | None:
    """The run of these inputs has not ended."""
    for run in case.snapshot.runs:
        match state_of(run):
            case Started() if case.is_ours(run) and case.has_ended(run):
                continue
            case Started() if case.is_ours(run) and run.kind is Kind.INSPECT:
                return Inspecting(run)
            case Started() if case.is_ours(run):
                what = _DOING[run.kind]
                text = f"Job {run.job} {what}{_at_what(run)}{_after_what(case, run)}"
                return Progress(run, Reason.RUNNING, text, case.snapshot.now + _LATER_LOOK)
            case Unstarted(reason, message) if case.is_ours(run) and not case.is_remembered(run):
                waits = _not_started(case, run, reason, message)
                if run.kind is Kind.INSPECT and isinstance(waits, Progress):
                    return Inspecting(run, waits.check_at)
                return waits
    return None


def _is_to_be_looked_at(case: _Case) -> Decision | None:
    """It is time to see whether the database still is where it was brought."""
    last = _last(case)
    if last is None or case.is_held or not (last.ended.next is Next.DONE or case.goal.kind is Kind.INSPECT):
        return None
    due = _next_look(case, last)
    if due is None or case.snapshot.now < due:
        return None
    inputs = inputs_of_inspection(inputs_of(case.migration, case.spec, case.snapshot.image))
    return Start(inputs, case.next_attempt(inputs), kind=Kind.INSPECT)


def _has_looked(case: _Case) -> Decision | None:
    """The newest run only looked whether something had changed."""
    last = _last(case)
    if last is None or case.goal.kind is not Kind.INSPECT:
        return None
    look = _next_look(case, last)
    match last.ended.next:
        case Next.DONE if last.ended.reason == Reason.PLANNED:
            message = f"{last.ended.message}, although it had been brought to its target: somebody else changed it"
            return Stall(Reason.DRIFTED, message, look)
        case Next.DONE:
            return Done(last.ended, look)
        case Next.HUMAN:
            return Stall(last.ended.reason, last.ended.message, look)
        case _:
            return Unseen(last.ended, look) if look else _again(case, last)


def _next_look(case: _Case, last: "_Last") -> datetime | None:
    """Return when drift is looked for, if it is."""
    every = case.spec.drift.interval
    if (
        not every
        or case.goal.kind is Kind.DOWNGRADE
        or (last.ended.reason == Reason.PLANNED and case.goal.plan is None)
    ):
        return None
    return last.ended.finished_at + timedelta(seconds=max(_LEAST_INTERVAL, parse_duration(every)))


def _has_planned(case: _Case) -> Decision | None:
    """The newest try only told what there is to do, or found that what was told is not what there is to do now."""
    last = _last(case)
    if last and case.goal.kind is Kind.PLAN and last.ended.reason == Reason.PLANNED:
        lost = replace(last, ended=lost_plan(last.ended))
        return told(case.snapshot, case.spec, newest_of(case.snapshot)) or _again(case, lost)
    if last and last.ended.reason == Reason.PLAN_CHANGED and case.goal.plan:
        return Discard(case.goal.plan)
    return None


def _has_ended(case: _Case) -> Decision | None:
    """The newest try of these inputs is over."""
    last = _last(case)
    if last is None:
        return None
    match last.ended.next:
        case Next.DONE:
            return Done(last.ended, _next_look(case, last))
        case Next.HUMAN:
            return Stall(last.ended.reason, last.ended.message)
        case Next.COUNTED if last.failures >= case.spec.retry.limit:
            message = f"{last.ended.message}; failed {last.failures + 1} times, which is more than retry.limit allows"
            return Stall(Reason.RETRY_LIMIT_REACHED, message)
        case _:
            return _again(case, last)


def _needs_a_person(case: _Case) -> Decision | None:
    """A plan is there that may not be carried out yet, or not at all."""
    plan, last = case.goal.plan, _last(case)
    if plan is None or (last and last.ended.next is Next.DONE):
        return None
    if last is None and was_carried_out(case.migration, plan):
        return Discard(plan)  # the database has moved since: what was approved then is not approved now
    return held_back(case.migration, case.spec, plan)


def _is_suspended(case: _Case) -> Decision | None:
    return Hold() if case.is_held else None


_CHECKS: Final[tuple[Callable[[_Case], Decision | None], ...]] = (
    _runs_something_else,
    _is_at_work,
    _is_to_be_looked_at,
    _has_looked,
    _has_planned,
    _needs_a_person,
    _has_ended,
    _is_suspended,
)


def _not_started(case: _Case, run: Run, reason: Reason, message: str) -> Decision:
    now = case.snapshot.now
    limit = parse_duration(case.spec.timeouts.start)
    deadline = run.created_at + timedelta(seconds=limit)
    if run.deleting:
        return Progress(run, reason, message)
    plan = case.goal.plan
    if case.is_held or (plan and held_back(case.migration, case.spec, plan)):
        return Remove(run)
    if limit and now >= deadline and not (run.pod and run.pod.is_initializing):
        why = Reason.POD_NOT_STARTED if reason is Reason.STARTING else reason
        text = f"{message}; no container started within {case.spec.timeouts.start}"
        return Remove(run, Ended(why, Next.SLOWLY, text, now))
    soon = run.created_at + _FIRST_LOOK
    look = soon if now < soon else now + _LATER_LOOK
    return Progress(run, reason, message, min(deadline, look) if limit and now < deadline else look)


def _at_what(run: Run) -> str:
    """Which revision takes long, once that is known."""
    return f": revision {run.step.revision} since {run.step.since[11:]} UTC" if run.step else ""


def _after_what(case: _Case, run: Run) -> str:
    """Why it is not the first try, as long as the Job before is there to tell."""
    series = [each for each in case.snapshot.runs if series_of(each.job) == series_of(run.job)]
    before = [each for each in series if each.attempt == run.attempt - 1]
    ended = state_of(before[0]) if before else None
    return f", try {run.attempt} after {ended.reason}: {ended.message}" if isinstance(ended, Ended) else ""


def _again(case: _Case, last: _Last) -> Decision:
    if case.is_held:
        return Hold()
    at = retry_at(last.ended.finished_at, last.ended.next, last.attempt, case.spec.retry, case.migration.uid)
    if case.snapshot.now < at:
        return Again(last.ended, at, last.attempt)
    counted = last.ended.next is Next.COUNTED
    return case.start(last.attempt + 1, last.failures + int(counted))


def _last(case: _Case) -> _Last | None:
    newest = newest_of(case.snapshot)
    if newest is None or newest.inputs != case.goal.inputs:
        return None
    ended = ended_of(case.snapshot, newest)
    return _Last(ended, newest.attempt, newest.failures) if ended else None
