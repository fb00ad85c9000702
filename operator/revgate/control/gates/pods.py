"""Pods that wait behind our scheduling gate: what the operator needs to know of one, and all of them by migration.

A pod that has a node is past every gate, and the API server leaves it out: field selectors know no gates, but nodes.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from revgate.contract import names
from revgate.control.observing.snapshot import Key

SELECTION: Final = {"labelSelector": names.MIGRATION, "fieldSelector": "spec.nodeName="}


@dataclass(frozen=True, slots=True)
class HeldPod:
    """A pod with our gate. `gate` is its place among the pod's gates; `requires` None when nothing says it."""

    namespace: str
    name: str
    uid: str
    version: str
    migration: str
    requires: str | None
    gate: int

    @property
    def key(self) -> Key:
        """The migration that it waits for, in its own namespace and in no other."""
        return Key(self.namespace, self.migration)

    @property
    def revisions(self) -> tuple[str, ...]:
        """Every revision that it requires, each once."""
        return revisions_in(self.requires)


def revisions_in(requires: str | None) -> tuple[str, ...]:
    """Return every revision in the annotation of a pod, each once."""
    parts = (part.strip() for part in (requires or "").split(","))
    return tuple(dict.fromkeys(part for part in parts if part))


def read_held(body: Mapping[str, Any]) -> HeldPod | None:
    """Return the pod if our gate holds it; None for one that is free, or on its way out."""
    metadata = body["metadata"]
    gates = [gate.get("name") for gate in body.get("spec", {}).get("schedulingGates") or ()]
    migration = (metadata.get("labels") or {}).get(names.MIGRATION)
    if migration is None or names.SCHEDULING_GATE not in gates or "deletionTimestamp" in metadata:
        return None
    return HeldPod(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        version=metadata.get("resourceVersion", ""),
        migration=migration,
        requires=(metadata.get("annotations") or {}).get(names.REQUIRES),
        gate=gates.index(names.SCHEDULING_GATE),
    )


class HeldPods:
    """Every pod that is held, as the watch has shown it last."""

    def __init__(self) -> None:
        self._pods: dict[Key, dict[str, HeldPod]] = defaultdict(dict)
        self._keys: dict[str, Key] = {}

    def put(self, pod: HeldPod) -> None:
        """Take the newer state of a pod; its label may name another migration now."""
        self.drop(pod.uid)
        self._pods[pod.key][pod.uid] = pod
        self._keys[pod.uid] = pod.key

    def drop(self, uid: str) -> None:
        """Forget a pod."""
        key = self._keys.pop(uid, None)
        if key is None:
            return
        self._pods[key].pop(uid)
        if not self._pods[key]:
            del self._pods[key]

    def clear(self) -> None:
        """Forget all: the watch begins anew and shows every pod again."""
        self._pods.clear()
        self._keys.clear()

    def of(self, key: Key) -> tuple[HeldPod, ...]:
        """Return the pods that wait for a migration."""
        return tuple(self._pods[key].values()) if key in self._pods else ()

    def __len__(self) -> int:
        return len(self._keys)
