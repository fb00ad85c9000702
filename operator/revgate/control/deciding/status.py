"""The status that follows from a snapshot and a decision. Nothing else writes one."""

from revgate.control.deciding.conditions import conditions_of
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
from revgate.control.deciding.endings import Ended, Started, state_of
from revgate.control.deciding.floors import may_pass, restored, withdrawn
from revgate.control.deciding.kinds import Kind
from revgate.control.deciding.latest import ended_of, newest_of, ran_nothing
from revgate.control.deciding.taken import outcome_of, taken_over, with_removal
from revgate.control.observing.snapshot import Malformed, Migration, Run, Snapshot
from revgate.control.resource.record import DriftRecord, NextFloor, RunRecord, RunState, Status
from revgate.control.runs.job import job_name


def status_of(snapshot: Snapshot, decision: Decision) -> Status:
    """Return the whole new status: what was known, what the runs showed, and what happens next."""
    migration = snapshot.migration
    status = _before_floor(taken_over(snapshot), snapshot, decision)
    if isinstance(decision, Remove):
        status = with_removal(status, snapshot, decision)
    return status.model_copy(
        update={
            "observed_generation": migration.generation,
            "conditions": conditions_of(snapshot, decision),
            "history": status.history[: _history_limit(migration)],
            "run": _run_record(snapshot, status, decision),
            "next_retry_time": decision.at if isinstance(decision, Again) else None,
            "plan": _plan(snapshot, decision),
            "drift": _drift(snapshot, decision),
            **_shrunk(decision, snapshot),
        }
    )


def _before_floor(status: Status, snapshot: Snapshot, decision: Decision) -> Status:
    """Serve whom a floor is about to end only as long as no run may pass it."""
    match decision:
        case Withdraw(floor):
            return withdrawn(status, floor)
        case Start(past=past) if past is not None:
            return status
        case Start() | Remove(ended=None):
            return restored(status)  # it may not pass it, or never ran
        case Progress(run) if (ahead := status.next_floor) and _passes(run, status, ahead):
            return withdrawn(status, ahead)
        case _:
            return restored(status) if _has_left_it(snapshot, status) else status


def _passes(run: Run, status: Status, floor: NextFloor) -> bool:
    """Whether a run is at work that was made after the one that stopped before the floor, whose hooks may be."""
    return may_pass(run, floor, status) and isinstance(state_of(run), Started)


def _has_left_it(snapshot: Snapshot, status: Status) -> bool:
    """Whether the newest run is the one that stopped before the floor, or failed there, or ended and ran nothing."""
    newest, floor = newest_of(snapshot), status.next_floor
    if newest is None or floor is None:
        return False
    if not may_pass(newest, floor, status):
        return status.observed_by is not None and newest.job == status.observed_by.job
    ended = ended_of(snapshot, newest)
    return ended is not None and ran_nothing(newest, ended)


def _shrunk(decision: Decision, snapshot: Snapshot) -> dict[str, object]:
    """Serve nobody who needs what is about to go, from before the run on; its report then has all that is left."""
    spec = snapshot.migration.spec
    if isinstance(decision, Remove) and decision.run.kind is Kind.DOWNGRADE and decision.ended is None:
        return {"observed_by": None}  # it never went down: what the run before it saw counts again
    if isinstance(spec, Malformed) or not spec.downgrade.to or isinstance(decision, Done | Hold):
        return {}
    return {"served_revisions": () if spec.downgrade.to == "base" else (spec.downgrade.to,)}


def _drift(snapshot: Snapshot, decision: Decision) -> DriftRecord | None:
    """Return what the last look for drift saw, for as long as it is looked for."""
    migration, newest = snapshot.migration, newest_of(snapshot)
    if isinstance(migration.spec, Malformed) or not migration.spec.drift.interval:
        return None
    ended = ended_of(snapshot, newest) if isinstance(newest, Run) and newest.kind is Kind.INSPECT else None
    match decision:
        case Done() if ended:
            return DriftRecord(checked_at=ended.finished_at, detected=False)
        case Stall(_, message) if ended:
            return DriftRecord(checked_at=ended.finished_at, detected=True, message=message)
        case Unseen(seen):
            known = migration.status.drift
            detected = known.detected if known else False
            return DriftRecord(checked_at=seen.finished_at, detected=detected, message=seen.message)
        case _:
            return migration.status.drift


def _plan(snapshot: Snapshot, decision: Decision) -> str:
    """Return the name of the newest plan."""
    match decision:
        case Tell(name):
            return name
        case Discard():
            return ""
        case _:
            return snapshot.plans[0].name if snapshot.plans else ""


def _history_limit(migration: Migration) -> int | None:
    if isinstance(migration.spec, Malformed):
        return None
    asks = migration.spec.approval != "Never"  # an approval is used once, and the history knows whether it was
    return max(migration.spec.history_limit, int(asks))


def _run_record(snapshot: Snapshot, status: Status, decision: Decision) -> RunRecord | None:
    match decision:
        case Start(inputs, attempt, failures):  # kind and plan are in the inputs
            return _started_record(snapshot, inputs, attempt, failures)
        case Remove(run, ended):
            record = _record(run, ended)  # nothing of it was at work, so what starts in this very moment is waited for
            return record.model_copy(update={"started_at": None}) if ended else None
        case Progress(run) | Inspecting(run):
            return _record(run, None)
        case Again() | Done() | Stall() | Hold() | Tell() | Discard() | Await() | AwaitPods() | Withdraw() | Unseen():
            return _newest_record(snapshot) or status.run


def _started_record(snapshot: Snapshot, inputs: str, attempt: int, failures: int) -> RunRecord:
    migration = snapshot.migration
    name = job_name(migration, inputs, attempt)
    return RunRecord(
        job=name, uid=migration.uid, inputs=inputs, attempt=attempt, failures=failures, state=RunState.UNSTARTED
    )


def _newest_record(snapshot: Snapshot) -> RunRecord | None:
    newest = newest_of(snapshot)
    match newest:
        case Run():
            return _record(newest, ended_of(snapshot, newest))
        case RunRecord():
            ended = ended_of(snapshot, newest)
            return _finished(newest, ended) if ended and newest.state is not RunState.FINISHED else newest
        case None:
            return None


def _record(run: Run, ended: Ended | None) -> RunRecord:
    started = run.pod.started_at if run.pod else None
    record = RunRecord(
        job=run.job,
        uid=run.uid,
        inputs=run.inputs,
        attempt=run.attempt,
        failures=run.failures,
        state=RunState.STARTED if isinstance(state_of(run), Started) else RunState.UNSTARTED,
        started_at=started,
    )
    return _finished(record, ended) if ended else record


def _finished(record: RunRecord, ended: Ended) -> RunRecord:
    return record.model_copy(
        update={
            "state": RunState.FINISHED,
            "finished_at": ended.finished_at,
            "outcome": outcome_of(ended),
            "reason": str(ended.reason),
            "message": ended.message,
        }
    )
