"""What the webhook answers about a pod: the gate exactly once, and never for a pod that did not ask for it."""

import base64
import json
from typing import Any

import pytest

from revgate.contract import names
from revgate.control.webhook.review import NotAReviewError, answer_pod, answer_review

GATE = {"name": names.SCHEDULING_GATE}
FOREIGN = {"name": "example.com/quota"}


def pod(*gates: dict[str, str], labels: Any = None, requires: str | None = "0002", **spec: Any) -> dict[str, Any]:
    metadata = {"labels": {names.MIGRATION: "ledger"} if labels is None else labels}
    if requires is not None:
        metadata["annotations"] = {names.REQUIRES: requires}
    fields = {"schedulingGates": list(gates)} if gates else {}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": []} | fields | spec}


def review(of: Any, operation: str = "CREATE") -> dict[str, Any]:
    request = {"uid": "r1", "operation": operation, "object": of}
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}


def patch_in(answer: dict[str, Any]) -> Any:
    assert answer["response"]["patchType"] == "JSONPatch"
    return json.loads(base64.b64decode(answer["response"]["patch"]))


def test_a_labelled_pod_gets_the_gate():
    answer = answer_review(review(pod()))
    assert (answer["response"]["uid"], answer["response"]["allowed"]) == ("r1", True)
    assert patch_in(answer) == [{"op": "add", "path": "/spec/schedulingGates", "value": [GATE]}]


def test_a_pod_with_other_gates_gets_ours_behind_them():
    assert answer_pod(pod(FOREIGN)).patch == ({"op": "add", "path": "/spec/schedulingGates/-", "value": GATE},)


@pytest.mark.parametrize("gates", [(GATE,), (FOREIGN, GATE), (GATE, FOREIGN)])
def test_a_pod_that_has_the_gate_stays_as_it_is(gates: tuple[dict[str, str], ...]):
    answer = answer_review(review(pod(*gates)))
    assert answer["response"] == {"uid": "r1", "allowed": True}


@pytest.mark.parametrize(
    "of",
    [
        pod(labels={}),
        pod(labels={names.MIGRATION: "ledger", names.RUN_OF: "ledger"}),
        {"kind": "Pod", "metadata": {}, "spec": {}},
        {"kind": "Pod", "metadata": {"labels": None}, "spec": None},
        {"kind": "Deployment", "metadata": {"labels": {names.MIGRATION: "ledger"}}, "spec": {}},
        None,
    ],
)
def test_what_did_not_ask_for_it_or_is_a_migration_itself_gets_nothing(of: Any):
    assert answer_review(review(of))["response"] == {"uid": "r1", "allowed": True}


@pytest.mark.parametrize("operation", ["UPDATE", "DELETE", "CONNECT"])
def test_only_a_new_pod_gets_anything(operation: str):
    assert answer_review(review(pod(), operation))["response"] == {"uid": "r1", "allowed": True}


def test_a_pod_that_names_its_node_is_let_through_with_a_warning():
    answer = answer_review(review(pod(nodeName="node-1")))
    assert "patch" not in answer["response"]
    assert "names its node itself" in answer["response"]["warnings"][0]


@pytest.mark.parametrize("requires", [None, "", " , "])
def test_a_pod_that_does_not_say_what_it_requires_is_held_with_a_warning(requires: str | None):
    answer = answer_review(review(pod(requires=requires)))
    assert patch_in(answer)
    assert "revgate.io/requires" in answer["response"]["warnings"][0]


@pytest.mark.parametrize("body", [None, [], "x", {}, {"request": None}, {"request": {}}, {"request": {"uid": 7}}])
def test_what_is_no_review_is_refused(body: Any):
    with pytest.raises(NotAReviewError):
        answer_review(body)
