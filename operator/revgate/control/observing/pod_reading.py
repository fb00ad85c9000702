"""A pod as the kubelet shows it, turned into what a decision needs: its migration, and the hook that it stands at.

Of a Job with hooks, an annotation of the pod has the order in which its containers run (docs/decisions/0017).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from revgate.contract import names
from revgate.control.observing.snapshot import Hook, Pod, Terminated, Waiting
from revgate.control.resource.moments import moment

Body = Mapping[str, Any]

USUAL: Final = ("", "ContainerCreating", "PodInitializing")
"""Reasons for which every container waits for a moment."""

_LISTS: Final = ("initContainerStatuses", "containerStatuses")  # of which the first is in the order of the pod's spec


def read_pod(body: Body) -> Pod:
    """Return a pod as far as its migration and its hooks tell."""
    metadata, status = body["metadata"], body.get("status") or {}
    order = _order(metadata)
    shown = {each["name"]: each for part in _LISTS for each in status.get(part) or ()}
    container, ours = shown.get(names.CONTAINER, {}), [shown.get(name, {}) for name in order]
    is_at_work = any("running" in _state(each) for each in ours)
    turn = _unfinished_init(status) or shown.get(order[-1], {})
    return Pod(
        name=metadata["name"],
        uid=metadata["uid"],
        job=(metadata.get("labels") or {}).get("batch.kubernetes.io/job-name", ""),
        created_at=datetime.fromisoformat(metadata["creationTimestamp"]),
        started_at=min(_starts(ours), default=None),
        is_at_work=is_at_work,
        terminated=_terminated(container),
        waiting=None if is_at_work else _waiting(status, turn, order),
        image=_image(container),
        evicted=_evicted(status),
        gone=status.get("phase") in ("Failed", "Succeeded"),
        failed_init=_failed_init(turn, order) if status.get("phase") == "Failed" else None,
        is_initializing="running" in _state(turn) and turn["name"] not in order,
        hook=_hook(order, shown),
        awaited_since=max(_ends(status.get("initContainerStatuses") or ()), default=None),
        ended_at=max(_ends(ours), default=None),
    )


def _order(metadata: Body) -> Sequence[str]:
    found = str((metadata.get("annotations") or {}).get(names.CONTAINERS, "")).split(",")
    return found if names.CONTAINER in found else (names.CONTAINER,)


def _hook(order: Sequence[str], shown: Mapping[str, Body]) -> Hook | None:
    """Return the first of ours that has not ended well, unless that is the migration; None when all have."""
    for place, name in enumerate(order):
        over = _terminated(shown.get(name, {}))
        if over and over.exit_code == 0:
            continue
        return None if name == names.CONTAINER else Hook(name, place > order.index(names.CONTAINER), over)
    return None


def _unfinished_init(status: Body) -> Body:
    """Return the init container whose turn it is: it waits, is at work or has failed; empty when all are through.

    A sidecar is passed by those behind it, whatever becomes of it then; unlike any other it is ready while it works.
    """
    inits: Sequence[Body] = status.get("initContainerStatuses") or ()
    behind = [*inits, *(status.get("containerStatuses") or ())]
    for place, each in enumerate(inits):
        ended = _state(each).get("terminated")
        is_through = ended is not None and ended.get("exitCode") == 0
        is_sidecar = "running" in _state(each) and each.get("ready")
        if not (is_through or is_sidecar or any(map(_has_its_turn, behind[place + 1 :]))):
            return each
    return {}


def _has_its_turn(container: Body) -> bool:
    state = _state(container)
    return bool(state) and ("waiting" not in state or state["waiting"].get("reason", "") not in USUAL)


def _failed_init(turn: Body, order: Sequence[str]) -> Terminated | None:
    """Return how an init container of the user's template failed; its name is the reason."""
    ended = _state(turn).get("terminated")
    if not ended or turn["name"] in order:
        return None
    return Terminated(int(ended.get("exitCode", -1)), turn["name"], "", moment(ended.get("finishedAt")))


def _terminated(container: Body) -> Terminated | None:
    over = _state(container).get("terminated")
    if not over:
        return None
    return Terminated(
        exit_code=int(over.get("exitCode", -1)),
        reason=str(over.get("reason", "")),
        message=str(over.get("message", "")),
        finished_at=moment(over.get("finishedAt")),
    )


def _waiting(status: Body, turn: Body, order: Sequence[str]) -> Waiting | None:
    if waiting := _state(turn).get("waiting"):
        hook = turn["name"] if turn["name"] in order and turn["name"] != names.CONTAINER else ""
        return Waiting(str(waiting.get("reason", "")), str(waiting.get("message", "")), hook)
    for condition in status.get("conditions") or ():
        if condition["type"] == "PodScheduled" and condition.get("reason") == "Unschedulable":
            return Waiting("Unschedulable", str(condition.get("message", "")))
    return None


def _evicted(status: Body) -> str:
    if status.get("reason") == "Evicted":
        return str(status.get("message", "the node was short of resources"))
    for condition in status.get("conditions") or ():
        if condition["type"] == "DisruptionTarget" and condition["status"] == "True":
            return str(condition.get("message") or condition.get("reason"))
    return ""


def _image(container: Body) -> str:
    """Return the image as the spec says it, with the digest that the kubelet found."""
    image, found = str(container.get("image", "")), str(container.get("imageID", ""))
    _, at, digest = found.rpartition("@")
    return f"{image.partition('@')[0]}@{digest}" if at and image else image


def _starts(containers: Iterable[Body]) -> Iterator[datetime]:
    """Yield when containers started; one that could not has started in 1970, for the kubelet."""
    for each in containers:
        began = _state(each).get("running") or _state(each).get("terminated") or {}
        at = moment(began.get("startedAt"))
        if at and at.timestamp() > 0:
            yield at


def _ends(containers: Iterable[Body]) -> Iterator[datetime]:
    for each in containers:
        at = moment((_state(each).get("terminated") or {}).get("finishedAt"))
        if at:
            yield at


def _state(container: Body) -> Body:
    found: Body = container.get("state") or {}
    return found
