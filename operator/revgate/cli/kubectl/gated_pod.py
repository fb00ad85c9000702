"""What of a pod has to do with revgate: its scheduling gate, and its init container `revgate wait`. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from revgate.cli.kubectl.pod import state_of, unscheduled, waiting_of
from revgate.contract import names

_WAIT: Final = re.compile(r"\brevgate['\"]?\s+wait\b")


@dataclass(frozen=True, slots=True)
class GatedPod:
    """A pod; `init` is the init container that waits, "" without one."""

    body: Mapping[str, Any]
    namespace: str
    name: str
    migration: str
    requires: tuple[str, ...]
    has_gate: bool
    init: str

    @property
    def is_waiting_inside(self) -> bool:
        """Whether the init container is at work: what it says is in its log."""
        return "running" in state_of(self.body, self.init).get("state", {})

    @property
    def said_inside(self) -> str:
        """What the init container left behind when it gave up; "" when it did not."""
        found = state_of(self.body, self.init)
        ends = (found.get(each, {}).get("terminated", {}) for each in ("state", "lastState"))
        return next((end.get("message", "").strip() for end in ends if end.get("exitCode")), "")

    @property
    def not_started(self) -> str:
        """Why the init container has not started; "" when it has."""
        return waiting_of(self.body, self.init)

    @property
    def trouble(self) -> str:
        """Why the pod does not run, as far as that is nobody's gate; "" when nothing is known."""
        status = self.body.get("status", {})
        if waits := unscheduled(self.body):
            return waits
        everything = [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]
        waiting = ((each["name"], each.get("state", {}).get("waiting")) for each in everything)
        return next((f"container {name} waits: {state.get('reason', '')}" for name, state in waiting if state), "")


def pod_of(body: Mapping[str, Any]) -> GatedPod:
    """Return the pod in a body."""
    metadata, spec = body["metadata"], body["spec"]
    required = metadata.get("annotations", {}).get(names.REQUIRES, "")
    return GatedPod(
        body=body,
        namespace=metadata["namespace"],
        name=metadata["name"],
        migration=metadata.get("labels", {}).get(names.MIGRATION, ""),
        requires=tuple(dict.fromkeys(part.strip() for part in required.split(",") if part.strip())),
        has_gate=names.SCHEDULING_GATE in (gate["name"] for gate in spec.get("schedulingGates", ())),
        init=next((each["name"] for each in spec.get("initContainers", ()) if _waits(each)), ""),
    )


def _waits(container: Mapping[str, Any]) -> bool:
    words = [*container.get("command", ()), *container.get("args", ())]
    return bool(_WAIT.search(" ".join(words))) or (not container.get("command") and words[:1] == ["wait"])
