"""The Event on a held pod that says why it is held: one for each change of the reason, and a limited number a pod."""

import hashlib
from collections import OrderedDict
from datetime import datetime
from typing import Any, Final

from revgate.contract import names
from revgate.control.gates.pods import HeldPod
from revgate.control.gates.standing import Held, Why

MOST_A_POD: Final = 20
_MOST_PODS: Final = 20_000
_LONGEST_MESSAGE: Final = 1000
_NORMAL: Final = frozenset({Why.WAITING_FOR_SCHEMA})


class Told:
    """What was said about which pod, and how often something was said."""

    def __init__(self) -> None:
        self._said: OrderedDict[str, tuple[Why, ...]] = OrderedDict()

    def next_number(self, pod: HeldPod, why: Why) -> int | None:
        """Return how often this will have been told then, or None when there is nothing to tell.

        Only this reason is counted: of two operators, each may have missed another one in between.
        """
        said = self._said.get(pod.uid, ())
        if said[-1:] == (why,) or len(said) >= MOST_A_POD:
            return None
        self._said[pod.uid] = (*said, why)
        while len(self._said) > _MOST_PODS:
            self._said.popitem(last=False)
        return said.count(why) + 1

    def take_back(self, pod: HeldPod) -> None:
        """Forget the last Event, which was not written: it will be told when it is asked for again."""
        self._said[pod.uid] = self._said.get(pod.uid, ())[:-1]


def event_on(pod: HeldPod, held: Held, number: int, now: datetime) -> dict[str, Any]:
    """Return the Event. Its name makes an operator that starts anew, or a second one, not say the same again."""
    time = now.isoformat(timespec="seconds")
    hashed = hashlib.sha256(f"{pod.uid} {held.why} {number}".encode()).hexdigest()[:16]
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{pod.name[:200].rstrip('.-')}.{hashed}", "namespace": pod.namespace},
        "involvedObject": {
            "apiVersion": "v1",
            "kind": "Pod",
            "namespace": pod.namespace,
            "name": pod.name,
            "uid": pod.uid,
            "resourceVersion": pod.version,
        },
        "type": "Normal" if held.why in _NORMAL else "Warning",
        "reason": held.why.value,
        "message": _cut(held.message),
        "source": {"component": names.MANAGER},
        "firstTimestamp": time,
        "lastTimestamp": time,
        "count": 1,
    }


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_MESSAGE else text[: _LONGEST_MESSAGE - 3] + "..."
