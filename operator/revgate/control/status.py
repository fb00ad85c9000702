"""The status that follows from a snapshot and a decision. Nothing else writes one."""

from itertools import islice

from revgate.contract.exits import Next
from revgate.contract.observed import MOST_SERVED
from revgate.contract.serves import below, served
from revgate.control.conditions import conditions_of
from revgate.control.decision import (
    Again,
    Await,
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
)
from revgate.control.endings import Ended, Started, state_of
from revgate.control.job import job_name
from revgate.control.kinds import Kind
from revgate.control.latest import ended_of, newest_of
from revgate.control.news import is_news
from revgate.control.record import DriftRecord, HistoryEntry, Observation, Outcome, RunRecord, RunState, Status
from revgate.control.snapshot import Malformed, Migration, Run, Snapshot


def status_of(snapshot: Snapshot, decision: Decision) -> Status:
    """Return the whole new status: what was known, what the runs showed, and what happens next."""
    migration = snapshot.migration
    status = _with_newest_ended_run(migration.status, snapshot)
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


def _with_newest_ended_run(status: Status, snapshot: Snapshot) -> Status:
    """Take over what the newest ended run of this migration saw; an older view of the database is worth nothing."""
    ended = [(run, state_of(run)) for run in snapshot.runs if run.uid == snapshot.migration.uid]
    over = [(run, state) for run, state in ended if isinstance(state, Ended)]
    if not over:
        return status
    recorded = status.run.job if status.run else ""  # times have seconds only: of two, the recorded one is the newer
    run, state = max(over, key=lambda pair: (pair[0].created_at, pair[0].job == recorded, pair[0].attempt))
    return _with_history(_with_observation(status, run, state), run, state)


def _with_observation(status: Status, run: Run, ended: Ended) -> Status:
    report = ended.report
    if report is None or not report.read or not is_news(status, run):
        return status
    return status.model_copy(
        update={
            "current_revisions": report.current,
            "target_revisions": report.target,
            "pending_revisions": report.pending,
            "pending_count": report.pending_count,
            "observed_at": ended.finished_at,
            "observed_by": Observation(job=run.job, created_at=run.created_at, database=run.database),
            "observed_image": run.pod.image if run.pod else "",
            **_served(report.current, run),
        }
    )


def _served(heads: tuple[str, ...], run: Run) -> dict[str, object]:
    """The gates' map as far as it goes in a status; without edges only the heads are known to be served."""
    if run.edges is None:
        return {"served_revisions": heads, "floor": ""}
    edges = {edge.revision: edge for edge in run.edges}
    floors = [edges[revision].floor for revision in below(heads, edges) if revision in edges and edges[revision].floor]
    nearest = tuple(islice(served(heads, edges), MOST_SERVED))
    return {"served_revisions": nearest, "floor": floors[0] if floors else ""}


def _with_history(status: Status, run: Run, ended: Ended) -> Status:
    """Keep the runs that a person will look for: those that moved the database or stopped for a human."""
    report = ended.report
    moved = report is not None and report.read and report.before != report.current
    if _is_in_history(status, run, ended) or not (moved or ended.next is Next.HUMAN):
        return status
    entry = HistoryEntry(
        from_=report.before if report else (),
        to=report.current if report else (),
        image=run.pod.image if run.pod else "",
        job=run.job,
        started_at=run.pod.started_at if run.pod else None,
        finished_at=ended.finished_at,
        outcome=_outcome(ended),
        reason=str(ended.reason),
        plan=run.plan,
    )
    return status.model_copy(update={"history": (entry, *status.history)})


def _is_in_history(status: Status, run: Run, ended: Ended) -> bool:
    """Whether a run is in the history, or was until a newer one took its place."""
    newest = status.history[0].finished_at if status.history else None
    return any(entry.job == run.job for entry in status.history) or (newest is not None and newest > ended.finished_at)


def _run_record(snapshot: Snapshot, status: Status, decision: Decision) -> RunRecord | None:
    match decision:
        case Start(inputs, attempt, failures):  # kind and plan are in the inputs
            return _started_record(snapshot, inputs, attempt, failures)
        case Remove(run, ended):
            return _record(run, ended) if ended else None
        case Progress(run) | Inspecting(run):
            return _record(run, None)
        case Again() | Done() | Stall() | Hold() | Tell() | Discard() | Await() | Unseen():
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
            "outcome": _outcome(ended),
            "reason": str(ended.reason),
            "message": ended.message,
        }
    )


def _outcome(ended: Ended) -> Outcome:
    return Outcome.SUCCEEDED if ended.next is Next.DONE else Outcome.FAILED
