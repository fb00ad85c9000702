"""One migration as every check of `decide` sees it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self

from revgate.contract.durations import parse_duration
from revgate.contract.exits import Next
from revgate.contract.reasons import Reason
from revgate.control.deciding.backoff import retry_at
from revgate.control.deciding.decision import Again, Decision, Hold, Start
from revgate.control.deciding.endings import Ended, Started, Unstarted, doing, state_of
from revgate.control.deciding.goal import Goal, goal_of
from revgate.control.deciding.kinds import Kind
from revgate.control.deciding.latest import ended_of, newest_of
from revgate.control.deciding.taken import taken_over
from revgate.control.observing.snapshot import Migration, Run, Snapshot
from revgate.control.resource.record import NextFloor, RunState, Status
from revgate.control.resource.spec import Spec
from revgate.control.runs.job import attempt_of, job_name, series_of

_TRIES_TO_BE_TOLD: Final = 4
_DOING: Final = {
    Kind.APPLY: "is at work",
    Kind.PLAN: "looks what there is to do",
    Kind.DOWNGRADE: "goes down",
    Kind.INSPECT: "looks again",
}

_AFTER_THE_RUNNER: Final = (  # how a run ends whose runner had ended well; else the reason is the runner's own
    Reason.HOOK_FAILED,
    Reason.KILLED,
    Reason.OUT_OF_MEMORY,
    Reason.EVICTED,
    Reason.POD_LOST,
    Reason.POD_NOT_STARTED,
    Reason.IMAGE_PULL_FAILED,
    Reason.SECRET_NOT_FOUND,
    Reason.SECRET_KEY_NOT_FOUND,
    Reason.IMAGE_NOT_RUNNABLE,
)


@dataclass(frozen=True, slots=True)
class Last:
    """How the newest try ended, when it was one of these inputs."""

    ended: Ended
    attempt: int
    failures: int

    @property
    def has_stopped(self) -> bool:
        """Whether it has stopped before a floor."""
        return self.ended.reason == Reason.WAITING_FOR_OLD_PODS

    @property
    def is_done(self) -> bool:
        """Whether it has left nothing to do, or was not asked to."""
        return self.ended.next is Next.DONE and not self.has_stopped


@dataclass(frozen=True, slots=True)
class Case:
    """A snapshot whose spec could be read, with what every check needs."""

    snapshot: Snapshot
    migration: Migration
    spec: Spec
    goal: Goal
    taken: Status  # with what the newest run saw
    last: Last | None

    @classmethod
    def of(cls, snapshot: Snapshot, spec: Spec) -> Self:
        """Return the case with what every check asks, worked out once."""
        goal = goal_of(snapshot, spec)
        return cls(snapshot, snapshot.migration, spec, goal, taken_over(snapshot), _last_of(snapshot, goal))

    @property
    def is_held(self) -> bool:
        """Whether nothing may be started."""
        spec = self.spec
        unplanned = bool(spec.downgrade.to) and spec.wants_plans  # the CRD refuses it
        return spec.suspend or self.migration.is_deleted or unplanned

    # ---- one of its runs

    def is_ours(self, run: Run) -> bool:
        """Whether a run is one of these inputs."""
        return run.uid == self.migration.uid and run.inputs == self.goal.inputs

    def is_remembered(self, run: Run) -> bool:
        """Whether the status says already how this run ended: its Job is on its way out, or its pod is gone."""
        record = self.migration.status.run
        if run.pod is None and self.has_ended(run):
            return True  # which the Job controller learns a moment later
        return run.deleting and record is not None and record.job == run.job and record.state is RunState.FINISHED

    def has_ended(self, run: Run) -> bool:
        """Whether the status says that this run was at work and is over: what shows it at work is an older view."""
        record = self.migration.status.run
        if record is None or record.job != run.job or record.uid != run.uid:
            return False
        return record.state is RunState.FINISHED and record.started_at is not None

    def standing(self, run: Run) -> Started | Unstarted | Ended:
        """Say where a run stands; between two containers it is waited for, but not for ever."""
        state, deadline = state_of(run), self.deadline(run)
        if not isinstance(state, Started) or deadline is None or self.snapshot.now < deadline:
            return state
        return Unstarted(Reason.POD_NOT_STARTED, f"Job {run.job} {self.doing(run)}")

    def deadline(self, run: Run) -> datetime | None:
        """Return until when the next container must have started; None when it has, or may wait for ever."""
        limit = parse_duration(self.spec.timeouts.start)
        has_started = run.pod is not None and run.pod.started_at is not None and run.pod.is_at_work
        return run.awaited_since + timedelta(seconds=limit) if limit and not has_started else None

    def doing(self, run: Run) -> str:
        """Say what a run is at."""
        return doing(run.pod.hook) if run.pod and run.pod.hook else f"{_DOING[run.kind]}{_at_what(run)}"

    # ---- the newest try

    @property
    def lost_edges(self) -> bool:
        """Whether the log of the newest run that read the database did not have the ledger."""
        seen = self.taken.observed_by
        return seen is not None and seen.edges_lost

    @property
    def is_untold(self) -> bool:
        """Whether that is not in the status yet, nor how the run ended."""
        known = self.migration.status.observed_by
        return self.lost_edges and known != self.taken.observed_by

    @property
    def floor(self) -> NextFloor | None:
        """Return the floor that a run of these inputs has stopped before."""
        if self.spec.floors != "Wait" or self.goal.kind is not Kind.APPLY:
            return None
        floor = self.taken.next_floor
        return floor if floor and floor.inputs == self.goal.inputs else None

    @property
    def has_failed_after_a_stop(self) -> bool:
        """Whether the run that stopped before the floor failed afterwards: its hooks are to be tried again there."""
        newest, seen, last = newest_of(self.snapshot), self.taken.observed_by, self.last
        if newest is None or seen is None or last is None or newest.job != seen.job:
            return False
        return last.ended.reason in _AFTER_THE_RUNNER

    # ---- the next one

    def next_attempt(self, inputs: str = "") -> int:
        """Begin at 1 for a new spec, even one that was there before; number on where a Job of this name exists."""
        series = series_of(job_name(self.migration, inputs or self.goal.inputs, 1))
        known = [run.job for run in self.snapshot.runs]
        if seen := self.migration.status.observed_by:
            known.append(seen.job)  # of the same name, a run would count as taken over already
        return 1 + max((attempt_of(job) for job in known if series_of(job) == series), default=0)

    def start(self, attempt: int, failures: int = 0) -> Start:
        """Return the start of this try of the goal."""
        goal, floor = self.goal, self.floor
        is_unknown = self.lost_edges and attempt <= _TRIES_TO_BE_TOLD  # what is served, and whom the floor ends
        past = None if self.has_failed_after_a_stop or is_unknown else floor
        rest = floor.rest if floor else ""
        return Start(goal.inputs, attempt, failures, goal.kind, goal.plan, goal.image, past, rest)

    def again(self, last: Last) -> Decision:
        """Try again when it is time."""
        if self.is_held:
            return Hold()
        at = retry_at(last.ended.finished_at, last.ended.next, last.attempt, self.spec.retry, self.migration.uid)
        if self.snapshot.now < at:
            return Again(last.ended, at, last.attempt)
        counted = last.ended.next is Next.COUNTED
        return self.start(last.attempt + 1, last.failures + int(counted))


def _last_of(snapshot: Snapshot, goal: Goal) -> Last | None:
    newest = newest_of(snapshot)
    if newest is None or newest.inputs != goal.inputs:
        return None
    ended = ended_of(snapshot, newest)
    return Last(ended, newest.attempt, newest.failures) if ended else None


def _at_what(run: Run) -> str:
    """Which revision takes long, and what the server does for it, once that is known."""
    if run.step is None:
        return ""
    work = f", {run.step.work}" if run.step.work else ""
    return f": revision {run.step.revision} since {run.step.since[11:]} UTC{work}"
