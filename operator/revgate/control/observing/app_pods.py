"""Pods of an app that a migration's database is for: those whose app is at work, or about to be."""

from collections.abc import Mapping
from typing import Any, Final

from revgate.contract import names
from revgate.control.gates.pods import revisions_in
from revgate.control.observing.snapshot import AppPod, Key

_NOT_OVER: Final = "status.phase!=Succeeded,status.phase!=Failed"


def selection_of(key: Key) -> dict[str, str]:
    """Return what selects the pods of a migration's apps, and none that is over or a run of its own."""
    return {"labelSelector": f"{names.MIGRATION}={key.name},!{names.RUN_OF}", "fieldSelector": _NOT_OVER}


def read_app_pod(body: Mapping[str, Any]) -> AppPod | None:
    """Return the pod; None for one that asks for nothing."""
    metadata, spec = body["metadata"], body.get("spec") or {}
    requires = revisions_in((metadata.get("annotations") or {}).get(names.REQUIRES))
    gates = [gate.get("name") for gate in spec.get("schedulingGates") or ()]
    if not requires:
        return None
    phase = (body.get("status") or {}).get("phase")
    held = names.SCHEDULING_GATE in gates
    return AppPod(metadata["name"], requires, has_started=phase != "Pending", is_held=held)
