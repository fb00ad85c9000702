"""What the newest run has seen, taken over into the status as soon as its migration has ended."""

from itertools import islice

from revgate.contract.exits import Next
from revgate.contract.observed import MOST_SERVED
from revgate.contract.reasons import Reason
from revgate.contract.serves import below, served
from revgate.control.deciding.decision import Remove
from revgate.control.deciding.endings import Ended, Started, state_of
from revgate.control.deciding.floors import floor_seen, may_pass
from revgate.control.deciding.latest import ended_of, newest_of, ran_nothing
from revgate.control.observing.news import is_news
from revgate.control.observing.snapshot import Run, Snapshot
from revgate.control.resource.record import HistoryEntry, Observation, Outcome, Status


def taken_over(snapshot: Snapshot) -> Status:
    """Return the status with what the newest run saw; an older view of the database is worth nothing.

    What it saw holds while hooks are still at work, and when one of them fails.
    """
    return _doubted(_seen(snapshot), snapshot)


def _seen(snapshot: Snapshot) -> Status:
    status = snapshot.migration.status
    seen = [(run, state_of(run)) for run in snapshot.runs if run.uid == snapshot.migration.uid]
    over = [(run, state) for run, state in seen if isinstance(state, Ended) or run.report]
    if not over:
        return status
    recorded = status.run.job if status.run else ""  # times have seconds only: of two, the recorded one is the newer
    run, state = max(over, key=lambda pair: (pair[0].created_at, pair[0].job == recorded, pair[0].attempt))
    observed = _with_observation(status, run)
    return _with_history(observed, run, state) if isinstance(state, Ended) else observed


def with_removal(status: Status, snapshot: Snapshot, removal: Remove) -> Status:
    """Return the status that remembers a run removed after its migration: the next one finds nothing to apply."""
    run, state = removal.run, removal.ended or state_of(removal.run)
    if run.report is None or run.uid != snapshot.migration.uid:
        return status
    reason = Reason.POD_NOT_STARTED if isinstance(state, Started) else state.reason
    at = (run.pod.ended_at if run.pod else None) or snapshot.now
    return _with_history(status, run, Ended(reason, Next.AGAIN, "", at, run.report))


def _doubted(status: Status, snapshot: Snapshot) -> Status:
    """Remember of a floor that a run which might pass it ended unread, also when its Job is long gone."""
    floor, newest = status.next_floor, newest_of(snapshot)
    if floor is None or not floor.withdrawn or newest is None or not may_pass(newest, floor, status):
        return status
    ended = ended_of(snapshot, newest)
    if ended is None or ran_nothing(newest, ended):
        return status
    return status.model_copy(update={"next_floor": floor.model_copy(update={"unsure": True})})


def outcome_of(ended: Ended) -> Outcome:
    """Say in one word how a run ended."""
    return Outcome.SUCCEEDED if ended.next is Next.DONE else Outcome.FAILED


def _with_observation(status: Status, run: Run) -> Status:
    report, end = run.report, run.pod.terminated if run.pod else None
    if report is None or not report.read or not is_news(status, run):
        return status
    return status.model_copy(
        update={
            "current_revisions": report.current,
            "target_revisions": report.target,
            "pending_revisions": report.pending,
            "pending_count": report.pending_count,
            "observed_at": (end.finished_at if end else None) or run.created_at,
            "observed_by": Observation(
                job=run.job,
                created_at=run.created_at,
                database=run.database,
                edges_lost=bool(report.edges) and run.edges is None,
            ),
            "observed_image": run.pod.image if run.pod else "",
            "next_floor": floor_seen(status, run, report),
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
        outcome=outcome_of(ended),
        reason=str(ended.reason),
        plan=run.plan,
    )
    return status.model_copy(update={"history": (entry, *status.history)})


def _is_in_history(status: Status, run: Run, ended: Ended) -> bool:
    """Whether a run is in the history, or was until a newer one took its place."""
    newest = status.history[0].finished_at if status.history else None
    return any(entry.job == run.job for entry in status.history) or (newest is not None and newest > ended.finished_at)
