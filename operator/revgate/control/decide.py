"""What to do about one migration, decided from a snapshot alone: the first check that fires wins."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from revgate.contract.durations import parse_duration
from revgate.contract.exits import Next
from revgate.contract.reasons import Reason
from revgate.control.backoff import retry_at
from revgate.control.endings import Ended, Started, Unstarted, state_of
from revgate.control.inputs import inputs_of
from revgate.control.job import job_name, series_of
from revgate.control.latest import ended_of, newest_of
from revgate.control.record import RunState
from revgate.control.snapshot import Malformed, Migration, Run, Snapshot
from revgate.control.spec import Spec


@dataclass(frozen=True, slots=True)
class Start:
    """Create the Job of this try."""

    inputs: str
    attempt: int = 1
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Remove:
    """Delete a Job whose container never started; `ended` says how its run is remembered, None that it is forgotten."""

    run: Run
    ended: Ended | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """A run is under way. Look again at `check_at` even if no event comes."""

    run: Run
    reason: Reason
    message: str
    check_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Again:
    """The run ended in a way that may pass: tried again at `at`."""

    ended: Ended
    at: datetime
    attempt: int


@dataclass(frozen=True, slots=True)
class Done:
    """The database has every revision up to the target."""

    ended: Ended


@dataclass(frozen=True, slots=True)
class Stall:
    """A human must act."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Hold:
    """Suspended, or about to be deleted: nothing is started."""


Decision = Start | Remove | Progress | Again | Done | Stall | Hold


@dataclass(frozen=True, slots=True)
class _Case:
    """A snapshot whose spec could be read, with what every check needs."""

    snapshot: Snapshot
    migration: Migration
    spec: Spec
    inputs: str

    def is_ours(self, run: Run) -> bool:
        return run.uid == self.migration.uid and run.inputs == self.inputs

    @property
    def is_held(self) -> bool:
        return self.spec.suspend or self.migration.is_deleted

    def is_remembered(self, run: Run) -> bool:
        """Whether the status says already how this run ended: its Job was removed and is on its way out."""
        record = self.migration.status.run
        return run.deleting and record is not None and record.job == run.job and record.state is RunState.FINISHED

    def next_attempt(self) -> int:
        """Begin at 1 for a new spec, even one that was there before; number on where a Job of this name exists."""
        series = series_of(job_name(self.migration, self.inputs, 1))
        return 1 + max((run.attempt for run in self.snapshot.runs if series_of(run.job) == series), default=0)


@dataclass(frozen=True, slots=True)
class _Last:
    """How the newest try ended, when it was one of these inputs."""

    ended: Ended
    attempt: int
    failures: int


_FIRST_LOOK: Final = timedelta(seconds=3)
_LATER_LOOK: Final = timedelta(seconds=30)


def decide(snapshot: Snapshot) -> Decision:
    """Return the one thing to do now."""
    migration = snapshot.migration
    if isinstance(migration.spec, Malformed):
        return Stall(Reason.INVALID_SPEC, migration.spec.message)
    spec = migration.spec
    case = _Case(snapshot, migration, spec, inputs_of(migration, spec, snapshot.image))
    for check in _CHECKS:
        if decision := check(case):
            return decision
    return Start(case.inputs, case.next_attempt())


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
            case Started() if case.is_ours(run):
                return Progress(run, Reason.RUNNING, f"Job {run.job} is at work{_after_what(case, run)}")
            case Unstarted(reason, message) if case.is_ours(run) and not case.is_remembered(run):
                return _not_started(case, run, reason, message)
    return None


def _has_ended(case: _Case) -> Decision | None:
    """The newest try of these inputs is over."""
    last = _last(case)
    if last is None:
        return None
    match last.ended.next:
        case Next.DONE:
            return Done(last.ended)
        case Next.HUMAN:
            return Stall(last.ended.reason, last.ended.message)
        case Next.COUNTED if last.failures >= case.spec.retry.limit:
            message = f"{last.ended.message}; failed {last.failures + 1} times, which is more than retry.limit allows"
            return Stall(Reason.RETRY_LIMIT_REACHED, message)
        case _:
            return _again(case, last)


def _is_suspended(case: _Case) -> Decision | None:
    return Hold() if case.is_held else None


_CHECKS: Final[tuple[Callable[[_Case], Decision | None], ...]] = (
    _runs_something_else,
    _is_at_work,
    _has_ended,
    _is_suspended,
)


def _not_started(case: _Case, run: Run, reason: Reason, message: str) -> Decision:
    now = case.snapshot.now
    limit = parse_duration(case.spec.timeouts.start)
    deadline = run.created_at + timedelta(seconds=limit)
    if run.deleting:
        return Progress(run, reason, message)
    if case.is_held:
        return Remove(run)
    if limit and now >= deadline and not (run.pod and run.pod.is_initializing):
        why = Reason.POD_NOT_STARTED if reason is Reason.STARTING else reason
        text = f"{message}; no container started within {case.spec.timeouts.start}"
        return Remove(run, Ended(why, Next.SLOWLY, text, now))
    soon = run.created_at + _FIRST_LOOK
    look = soon if now < soon else now + _LATER_LOOK
    return Progress(run, reason, message, min(deadline, look) if limit and now < deadline else look)


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
    return Start(case.inputs, last.attempt + 1, last.failures + int(counted))


def _last(case: _Case) -> _Last | None:
    newest = newest_of(case.snapshot)
    if newest is None or newest.inputs != case.inputs:
        return None
    ended = ended_of(case.snapshot, newest)
    return _Last(ended, newest.attempt, newest.failures) if ended else None
