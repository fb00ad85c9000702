"""Whether a run may pass a floor now: not as long as pods are at work that it would end."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from revgate.control.deciding.decision import AwaitPods, Decision, Progress, Remove, Start, Withdraw
from revgate.control.deciding.endings import Unstarted, state_of
from revgate.control.deciding.floors import behind, blocking, looking_for_pods, may_pass, waiting_for_pods
from revgate.control.observing.snapshot import Run, Snapshot
from revgate.control.resource.record import NextFloor, Status

_LOOK_AT_PODS: Final = timedelta(seconds=15)


def held_by_pods(
    snapshot: Snapshot, status: Status, decision: Decision
) -> AwaitPods | Withdraw | Start | Remove | None:
    """Return what is done instead of a run that would pass a floor; None when nothing stands against it.

    A snapshot in which nobody has looked at the pods wants somebody to look. The status is one that was taken over.
    """
    match decision:
        case Start(past=floor) if floor:
            return _held_start(snapshot, status, decision, floor)
        case Progress(run):
            return _held_run(snapshot, status, run)
        case _:
            return None


def _held_start(
    snapshot: Snapshot, status: Status, start: Start, floor: NextFloor
) -> AwaitPods | Withdraw | Start | None:
    """Wait for pods only where the floor is known to be ahead; where a run ended unread, the next one only reads."""
    look = snapshot.now + _LOOK_AT_PODS
    if snapshot.apps is None:
        return AwaitPods(floor, looking_for_pods(floor), look)
    if pods := blocking(snapshot.apps, floor, status):
        if floor.unsure:
            return replace(start, past=None)
        return AwaitPods(floor, waiting_for_pods(floor, pods, behind(snapshot.apps, status)), look)
    return None if floor.withdrawn else Withdraw(floor)


def _held_run(snapshot: Snapshot, status: Status, run: Run) -> AwaitPods | Remove | None:
    """Take the Job back of which nothing has started yet: its pod may wait for days for a node or an image."""
    floor = status.next_floor
    if floor is None or not floor.withdrawn or not may_pass(run, floor, status) or not _is_unstarted(run):
        return None
    if snapshot.apps is None:
        return AwaitPods(floor, looking_for_pods(floor), snapshot.now + _LOOK_AT_PODS)
    return Remove(run) if blocking(snapshot.apps, floor, status) else None


def _is_unstarted(run: Run) -> bool:
    has_migrated = run.pod is not None and run.pod.terminated is not None  # and a hook after it is what waits
    return isinstance(state_of(run), Unstarted) and not run.deleting and not has_migrated
