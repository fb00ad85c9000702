"""What the API server is answered about a new pod: the same with the gate, for the pod alone decides."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from revgate.contract import names

_GATES: Final = "/spec/schedulingGates"


class NotAReviewError(ValueError):
    """A request that no API server sends."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A JSON patch, empty for a pod that stays as it is, and what is said to who makes the pod."""

    patch: tuple[dict[str, Any], ...] = ()
    warnings: tuple[str, ...] = ()


def answer_review(review: Any) -> dict[str, Any]:
    """Return the AdmissionReview that answers one; NotAReviewError when it is none.

    Every pod is allowed: one that cannot be held goes without the gate, and says so.
    """
    request = review.get("request") if isinstance(review, Mapping) else None
    if not isinstance(request, Mapping) or not isinstance(request.get("uid"), str):
        raise NotAReviewError("Body is no AdmissionReview with a request")
    answer = _answer(request)
    response: dict[str, Any] = {"uid": request["uid"], "allowed": True}
    if answer.patch:
        encoded = base64.b64encode(json.dumps(answer.patch).encode()).decode()
        response |= {"patchType": "JSONPatch", "patch": encoded}
    if answer.warnings:
        response["warnings"] = list(answer.warnings)
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}


def _answer(request: Mapping[str, Any]) -> Answer:
    pod = request.get("object")
    if not isinstance(pod, Mapping) or request.get("operation") != "CREATE" or pod.get("kind") != "Pod":
        return Answer()
    return answer_pod(pod)


def answer_pod(pod: Mapping[str, Any]) -> Answer:
    """Say what becomes of a new pod. A second look at the same pod changes nothing."""
    metadata, spec = pod.get("metadata") or {}, pod.get("spec") or {}
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    if names.MIGRATION not in labels or names.RUN_OF in labels:
        return Answer()  # a migration's own pod would wait for itself
    if spec.get("nodeName"):
        said = f"Pod names its node itself, so the scheduling gate {names.SCHEDULING_GATE} cannot hold it"
        return Answer(warnings=(f"{said}: let an init container run revgate wait",))
    return Answer(_adding(spec.get("schedulingGates") or []), _warnings(annotations))


def _adding(gates: list[Mapping[str, Any]]) -> tuple[dict[str, Any], ...]:
    gate = {"name": names.SCHEDULING_GATE}
    if gate in gates:
        return ()
    if not gates:
        return ({"op": "add", "path": _GATES, "value": [gate]},)
    return ({"op": "add", "path": f"{_GATES}/-", "value": gate},)


def _warnings(annotations: Mapping[str, Any]) -> tuple[str, ...]:
    if str(annotations.get(names.REQUIRES, "")).strip(" ,"):
        return ()
    return (f"Pod has no annotation {names.REQUIRES} and is held until it has one: add the revisions that it requires",)
