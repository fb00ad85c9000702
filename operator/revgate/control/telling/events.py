"""The Kubernetes Event that tells a person about a change: one for each new reason of Ready."""

from typing import Any, Final

from revgate.contract import names
from revgate.contract.reasons import Reason
from revgate.control.observing.snapshot import Snapshot
from revgate.control.resource.record import Condition, Status

_NORMAL: Final = frozenset(
    {
        Reason.UP_TO_DATE,
        Reason.DATABASE_AHEAD,
        Reason.DOWNGRADED,
        Reason.STARTING,
        Reason.RUNNING,
        Reason.WAITING_FOR_PREVIOUS_RUN,
        Reason.SUSPENDED,
        Reason.PLANNED,
        Reason.AWAITING_APPROVAL,
        Reason.WAITING_FOR_OLD_PODS,
    }
)


_BY_THE_WAY: Final = frozenset({Reason.STARTING, Reason.RUNNING})
"""Told once, for the first try: a server that is away for a day must not flood the events."""


def event_of(snapshot: Snapshot, new: Status, body: dict[str, Any]) -> dict[str, Any] | None:
    """Return the Event for the change from the recorded status to `new`, or None when there is nothing to tell."""
    before, after = _ready(snapshot.migration.status), _ready(new)
    if after is None or (before and (before.reason, before.status) == (after.reason, after.status)):
        return None
    if new.run and new.run.attempt > 1 and after.reason in _BY_THE_WAY:
        return None
    now = snapshot.now.isoformat(timespec="seconds")
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"generateName": f"{snapshot.migration.key.name}.", "namespace": snapshot.migration.key.namespace},
        "involvedObject": {
            "apiVersion": names.API_VERSION,
            "kind": names.KIND,
            "namespace": snapshot.migration.key.namespace,
            "name": snapshot.migration.key.name,
            "uid": snapshot.migration.uid,
            "resourceVersion": body["metadata"].get("resourceVersion", ""),
        },
        "type": "Normal" if after.reason in _NORMAL else "Warning",
        "reason": after.reason,
        "message": after.message,
        "source": {"component": names.MANAGER},
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    }


def _ready(status: Status) -> Condition | None:
    return next((condition for condition in status.conditions if condition.type == "Ready"), None)
