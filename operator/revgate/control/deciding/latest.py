"""Which run of a migration is the newest, and how it ended: told by its Job or, when that is gone, by the status.

A Job goes with its TTL, its pod goes with the node; the status then knows better than what is left of them.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from revgate.contract.exits import NEXT_BY_REASON, Next
from revgate.contract.reasons import Reason
from revgate.control.deciding.endings import Ended, Unstarted, state_of
from revgate.control.observing.snapshot import Run, Snapshot
from revgate.control.resource.record import RunRecord, RunState
from revgate.control.runs.job import series_of

_NEVER_STARTED: Final = (
    Reason.POD_NOT_CREATED,
    Reason.POD_NOT_STARTED,
    Reason.UNSCHEDULABLE,
    Reason.IMAGE_PULL_FAILED,
    Reason.SECRET_NOT_FOUND,
    Reason.SECRET_KEY_NOT_FOUND,
    Reason.JOB_REFUSED,
    Reason.JOB_CONFLICT,
)
_NOT_CONNECTED: Final = (
    Reason.DATABASE_UNREACHABLE,
    Reason.HOST_NOT_FOUND,
    Reason.AUTHENTICATION_FAILED,
    Reason.DATABASE_NOT_FOUND,
)


def newest_of(snapshot: Snapshot) -> Run | RunRecord | None:
    """Return the newest run of this very migration, whatever its inputs."""
    migration = snapshot.migration
    record = migration.status.run
    if record and record.uid != migration.uid:
        record = None
    runs = [run for run in snapshot.runs if run.uid == migration.uid]
    inputs = record.inputs if record else ""
    newest = max(runs, key=lambda run: (run.created_at, _may_be_meant(run, inputs), run.attempt, run.job), default=None)
    if record is None or newest is None:
        return newest or record
    return record if _outlives(record, newest, runs) else newest


def _may_be_meant(run: Run, inputs: str) -> bool:
    """Times have seconds only: of two, the recorded one is the newer, unless both are on their way out."""
    return run.inputs == inputs and not (run.deleting and isinstance(state_of(run), Unstarted))


def ended_of(snapshot: Snapshot, newest: Run | RunRecord) -> Ended | None:
    """Say how a run ended, and when, by the operator's clock; None when it has not."""
    if isinstance(newest, Run):
        state = state_of(newest)
        return replace(state, finished_at=_when(snapshot, newest, state)) if isinstance(state, Ended) else None
    now = snapshot.now
    if newest.state is not RunState.FINISHED or newest.reason is None:
        message = f"Job {newest.job} is gone and left no report; the database is read again"
        return Ended(Reason.POD_LOST, Next.AGAIN, message, now)
    return Ended(newest.reason, _next_of(newest, newest.reason), newest.message, newest.finished_at or now)


def ran_nothing(run: Run | RunRecord, ended: Ended) -> bool:
    """Whether an ended run certainly left the database alone: never started, not let in, or a hook before it failed.

    False is no proof of the opposite. What a run has read is another matter: `taken_over`.
    """
    if isinstance(run, RunRecord):
        return ended.reason in _NOT_CONNECTED or (run.started_at is None and ended.reason in _NEVER_STARTED)
    if run.report:
        return ended.reason in _NOT_CONNECTED and not run.report.read
    return ended.reason == Reason.HOOK_FAILED and run.pod is not None and run.pod.terminated is None


def _when(snapshot: Snapshot, run: Run, ended: Ended) -> datetime:
    """A node's clock may be wrong, and a retry must come neither at once nor in an hour for that."""
    record = snapshot.migration.status.run
    if record and record.job == run.job and record.state is RunState.FINISHED and record.finished_at:
        return record.finished_at
    return min(max(ended.finished_at, run.created_at), snapshot.now.replace(microsecond=0))


def _outlives(record: RunRecord, newest: Run, runs: list[Run]) -> bool:
    """Whether the status knows more than the newest Job that is still there."""
    if record.job == newest.job:
        untold = newest.pod is None or not newest.pod.is_told
        return record.state is RunState.FINISHED and untold
    if any(run.job == record.job for run in runs):
        return False
    if record.job and series_of(record.job) == series_of(newest.job):  # one that was refused has no Job
        return record.attempt >= newest.attempt
    return record.finished_at is None or record.finished_at > newest.created_at


def _next_of(record: RunRecord, reason: str) -> Next:
    if reason == Reason.OUT_OF_MEMORY and record.failures:
        return Next.HUMAN
    return next((after for known, after in NEXT_BY_REASON.items() if known == reason), Next.HUMAN)
