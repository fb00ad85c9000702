"""Floors that a migration waits at: what a run has seen of the next one, and which pods it would end.

run stops before a floor ──> pods that it would end? ──yes──> wait, and look again
                                    │ no
                        their revisions are served no longer ──> look once more ──> a run past the floor
"""

from collections.abc import Iterable
from itertools import islice
from typing import Final

from revgate.contract.observed import MOST_SERVED
from revgate.contract.report import Report
from revgate.contract.serves import ended_by
from revgate.control.observing.snapshot import AppPod, Run
from revgate.control.resource.record import NextFloor, RunRecord, Status

_MOST_NAMED: Final = 5
_MOST_CHARACTERS: Final = 60


def floor_seen(status: Status, run: Run, report: Report) -> NextFloor | None:
    """Return the floor that an ended run stopped before, or the one before it that a failed run has not passed.

    Nor any run before that one, which may have ended without a word.
    """
    if report.floor is None:
        known = status.next_floor
        is_unmoved = report.exit != 0 and report.before == report.current == status.current_revisions
        return known.model_copy(update={"withdrawn": False, "unsure": False}) if known and is_unmoved else None
    ends = _ended(report.floor.revision, report.floor.floor, report.current, run)
    return NextFloor(
        revision=report.floor.revision, floor=report.floor.floor, ends=ends, inputs=run.inputs, rest=report.floor.rest
    )


def _ended(revision: str, floor: str, heads: tuple[str, ...], run: Run) -> tuple[str, ...]:
    """Return which of the served revisions end; where the map is lost, every one that is not the floor itself."""
    if run.edges is None:
        return tuple(head for head in heads if head != floor)
    return tuple(islice(ended_by(revision, heads, {edge.revision: edge for edge in run.edges}), MOST_SERVED))


def may_pass(run: Run | RunRecord, floor: NextFloor, status: Status) -> bool:
    """Whether a run was made after the one that stopped before the floor, or failed there."""
    has_stopped = status.observed_by is not None and status.observed_by.job == run.job
    return run.inputs == floor.inputs and not has_stopped


def withdrawn(status: Status, floor: NextFloor) -> Status:
    """Return the status that serves nobody any more whom the floor ends."""
    kept = tuple(one for one in status.served_revisions if one not in floor.ends)
    return status.model_copy(
        update={"served_revisions": kept, "next_floor": floor.model_copy(update={"withdrawn": True})}
    )


def restored(status: Status) -> Status:
    """Return the status that serves again whom a floor would have ended that was not passed after all.

    Where nobody knows whether it was, nobody is served again, until a run has read the database.
    """
    floor = status.next_floor
    if floor is None or not floor.withdrawn:
        return status
    back = () if floor.unsure else tuple(one for one in floor.ends if one not in status.served_revisions)
    return status.model_copy(
        update={
            "served_revisions": (*status.served_revisions, *back)[:MOST_SERVED],
            "next_floor": floor.model_copy(update={"withdrawn": False}),
        }
    )


def blocking(pods: Iterable[AppPod], floor: NextFloor, status: Status) -> tuple[AppPod, ...]:
    """Return the pods that the floor would end, by name.

    A revision of which nobody knows whether it is older counts as older, unless the pod's app has not started yet:
    that one may be waiting for a revision behind the floor, and would wait for ever.
    """
    ends = frozenset(floor.ends)
    known = {*status.served_revisions, *status.pending_revisions, floor.revision, floor.floor} - ends

    def is_ended(pod: AppPod) -> bool:
        needs = set(pod.requires)
        return bool(needs & ends) or (pod.has_started and not needs <= known)

    return tuple(sorted((pod for pod in pods if not pod.is_held and is_ended(pod)), key=lambda pod: pod.name))


def behind(pods: Iterable[AppPod], status: Status) -> int:
    """Return how many pods wait for what is pending: a rollout may keep the old pods until these are ready."""
    pending = frozenset(status.pending_revisions)
    return sum(not pod.has_started and not pending.isdisjoint(pod.requires) for pod in pods)


def looking_for_pods(floor: NextFloor) -> str:
    """Say what the look at the pods is about."""
    return f"Stopped before revision {floor.revision}, which serves apps from {floor.floor} on only"


def waiting_for_pods(floor: NextFloor, pods: tuple[AppPod, ...], waiting: int) -> str:
    """Say which pods are waited for, and how many others wait for what comes after it."""
    named = ", ".join(f"{pod.name} (requires {_one_line(pod.requires)})" for pod in pods[:_MOST_NAMED])
    more = f" and {len(pods) - _MOST_NAMED} more" if len(pods) > _MOST_NAMED else ""
    text = f"{looking_for_pods(floor)}, and waits for {_counted(len(pods))} to go: {named}{more}"
    return f"{text}; for what is pending wait {_counted(waiting)}" if waiting else text


def _one_line(requires: Iterable[str]) -> str:
    """An annotation is what somebody wrote: it may have lines, and no end."""
    text = " ".join(", ".join(requires).split())
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}..."


def _counted(count: int) -> str:
    return f"{count} pod{'' if count == 1 else 's'}"
