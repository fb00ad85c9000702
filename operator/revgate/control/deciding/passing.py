"""Whether a run may pass a floor now: not as long as pods are at work that it would end."""

from datetime import timedelta
from typing import Final

from revgate.control.deciding.decision import AwaitPods, Decision, Start, Withdraw
from revgate.control.deciding.floors import behind, blocking, looking_for_pods, waiting_for_pods
from revgate.control.deciding.taken import taken_over
from revgate.control.observing.snapshot import Snapshot

_LOOK_AT_PODS: Final = timedelta(seconds=15)


def held_by_pods(snapshot: Snapshot, decision: Decision) -> AwaitPods | Withdraw | None:
    """Return what is done instead of the start of a run that would pass a floor; None when nothing stands against it.

    A snapshot in which nobody has looked at the pods wants somebody to look.
    """
    if not isinstance(decision, Start) or decision.past is None:
        return None
    floor, look = decision.past, snapshot.now + _LOOK_AT_PODS
    if snapshot.apps is None:
        return AwaitPods(floor, looking_for_pods(floor), look)
    status = taken_over(snapshot)
    if pods := blocking(snapshot.apps, floor, status):
        return AwaitPods(floor, waiting_for_pods(floor, pods, behind(snapshot.apps, status)), look)
    return None if floor.withdrawn else Withdraw(floor)
