"""The patch that takes our gate off a pod, and off no other one: every fact that the decision rests on is tested."""

from typing import Any, Final

from revgate.contract import names
from revgate.control.gates.pods import HeldPod

_REQUIRES: Final = names.REQUIRES.replace("/", "~1")
_MIGRATION: Final = names.MIGRATION.replace("/", "~1")


def lifting(pod: HeldPod) -> list[dict[str, Any]]:
    """Return the JSON patch (RFC 6902) for a pod whose requirements are served.

    A pod of the same name that requires something else meanwhile (a StatefulSet's), an edited annotation, and a gate
    that is gone already make the API server refuse it as a whole, with 422.
    """
    return [
        _test("/metadata/uid", pod.uid),
        _test(f"/metadata/labels/{_MIGRATION}", pod.migration),
        _test(f"/metadata/annotations/{_REQUIRES}", pod.requires),
        _test(f"/spec/schedulingGates/{pod.gate}/name", names.SCHEDULING_GATE),
        {"op": "remove", "path": f"/spec/schedulingGates/{pod.gate}"},
    ]


def _test(path: str, value: str | None) -> dict[str, Any]:
    return {"op": "test", "path": path, "value": value}
