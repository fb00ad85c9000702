"""A pod as the kubelet left it: why a container of it waits. Pure."""

from collections.abc import Mapping
from typing import Any


def state_of(pod: Mapping[str, Any], container: str) -> Mapping[str, Any]:
    """Return a container's state and last state; empty before a kubelet has seen the pod."""
    status = pod.get("status", {})
    everything = [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]
    return next((each for each in everything if each["name"] == container), {})


def waiting_of(pod: Mapping[str, Any], container: str) -> str:
    """Return why a container has not started; "" when it has."""
    found = state_of(pod, container)
    if found.get("state", {}).keys() & {"running", "terminated"} or found.get("lastState"):
        return ""
    if waiting := found.get("state", {}).get("waiting", {}):
        return ": ".join(filter(None, (waiting.get("reason", ""), waiting.get("message", ""))))
    return unscheduled(pod) or "no kubelet has seen it"


def unscheduled(pod: Mapping[str, Any]) -> str:
    """Return why no node has the pod; "" when one has."""
    for condition in pod.get("status", {}).get("conditions", ()):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return ": ".join(filter(None, (condition.get("reason", ""), condition.get("message", ""))))
    return ""
