"""What Helm makes of the values of the gates: nothing by default, and each part only when it is switched on."""

import base64
import json
from typing import Any

import pytest
import yaml

from chart.release import CHART
from chart.test_rendering import at, leaves, nested, only, render
from support.cluster import run

GATE: dict[str, Any] = {"schedulingGate": {"enabled": True}}
WEBHOOK: dict[str, Any] = {**GATE, "webhook": {"enabled": True}}
ISSUER = {"kind": "ClusterIssuer", "name": "mine"}
POD = "spec.template.spec"

# value: (the values beside it, what a user sets, the object that shows it, where, what is there)
WEBHOOK_VALUES: dict[str, tuple[dict[str, Any], Any, str, str, Any]] = {
    "webhook.enabled": (GATE, True, "MutatingWebhookConfiguration", "webhooks.0.failurePolicy", "Fail"),
    "webhook.replicas": (WEBHOOK, 3, "Deployment", "spec.replicas", 3),
    "webhook.resources": (
        WEBHOOK,
        {"requests": {"cpu": "2"}},
        "Deployment",
        f"{POD}.containers.0.resources.requests",
        {"cpu": "2", "memory": "64Mi"},
    ),
    "webhook.certManager.enabled": (WEBHOOK, True, "Certificate", "spec.issuerRef.name", "revgate-webhook"),
    "webhook.certManager.issuerRef": (
        {**GATE, "webhook": {"enabled": True, "certManager": {"enabled": True}}},
        ISSUER,
        "Certificate",
        "spec.issuerRef",
        ISSUER,
    ),
}


def merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    both = {key: merged(base[key], over[key]) for key in base.keys() & over.keys() if isinstance(over[key], dict)}
    return {**base, **over, **both}


def webhooks(helm: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the objects of the webhook alone."""
    return [each for each in render(helm, values) if each["metadata"]["name"].endswith("-webhook")]


def test_every_value_of_the_webhook_is_tried():
    values = leaves(yaml.safe_load((CHART / "values.yaml").read_text()))
    assert set(WEBHOOK_VALUES) == {value for value in values if value.startswith("webhook.")}


@pytest.mark.parametrize("path", WEBHOOK_VALUES)
def test_a_value_of_the_webhook_arrives_where_it_is_wanted(helm: str, path: str):
    beside, given, kind, where, expected = WEBHOOK_VALUES[path]
    before = only(webhooks(helm, beside), kind)
    after = only(webhooks(helm, merged(beside, nested(path, given))), kind)
    assert after is not None
    assert at(after, where) == expected
    assert before is None or at(before, where) != expected


def test_by_default_there_is_no_right_to_patch_pods_and_no_webhook(helm: str):
    objects = render(helm)
    rules = [rule for each in objects if each["kind"] == "ClusterRole" for rule in each["rules"]]
    assert not [each for each in objects if each["kind"] in ("MutatingWebhookConfiguration", "Secret", "Service")]
    assert "--scheduling-gate" not in at(only(objects, "Deployment"), f"{POD}.containers.0.args")
    assert {verb for rule in rules if "pods" in rule["resources"] for verb in rule["verbs"]} == {"list", "watch"}


def test_the_right_to_patch_pods_comes_with_the_policy_that_limits_it(helm: str):
    objects = render(helm, GATE)
    names = {each["metadata"]["name"] for each in objects if each["kind"].startswith("ValidatingAdmissionPolicy")}
    assert "revgate-only-the-gate" in names
    kinds = [each["kind"] for each in objects if each["metadata"]["name"] == "revgate-only-the-gate"]
    assert kinds == ["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"]


def test_the_policy_is_about_the_account_that_has_the_right(helm: str):
    objects = render(helm, GATE, name="blue")
    policy = next(each for each in objects if each["metadata"]["name"] == "blue-revgate-only-the-gate")
    account = at(only(objects, "ServiceAccount"), "metadata")
    user = f"system:serviceaccount:{account['namespace']}:{account['name']}"
    assert user in policy["spec"]["matchConditions"][0]["expression"]


def test_a_webhook_whose_pods_nobody_would_let_go_is_refused(helm: str):
    values = json.dumps({"webhook": {"enabled": True}})
    done = run([helm, "template", "revgate", str(CHART), "--values", "-"], stdin=values, check=False)
    assert done.returncode != 0
    assert "webhook.enabled needs schedulingGate.enabled" in done.stderr


def test_the_webhook_is_called_for_new_labelled_pods_only(helm: str):
    (hook,) = only(webhooks(helm, WEBHOOK), "MutatingWebhookConfiguration")["webhooks"]
    assert hook["rules"] == [
        {
            "apiGroups": [""],
            "apiVersions": ["v1"],
            "operations": ["CREATE"],
            "resources": ["pods"],
            "scope": "Namespaced",
        }
    ]
    keys = {each["key"]: each["operator"] for each in hook["objectSelector"]["matchExpressions"]}
    assert keys == {"revgate.io/migration": "Exists", "revgate.io/run-of": "DoesNotExist"}
    (left_out,) = hook["namespaceSelector"]["matchExpressions"]
    assert (left_out["operator"], left_out["values"]) == ("NotIn", ["kube-system", "somewhere"])


def test_the_api_server_trusts_the_authority_in_the_secret_and_calls_the_host_that_is_certified(helm: str):
    objects = webhooks(helm, WEBHOOK)
    (hook,) = only(objects, "MutatingWebhookConfiguration")["webhooks"]
    called = hook["clientConfig"]["service"]
    assert hook["clientConfig"]["caBundle"] == only(objects, "Secret")["data"]["ca.crt"]
    assert b"BEGIN CERTIFICATE" in base64.b64decode(hook["clientConfig"]["caBundle"])
    assert f"--host={called['name']}.{called['namespace']}.svc" in at(
        only(objects, "Deployment"), f"{POD}.containers.0.args"
    )


def test_cert_manager_brings_its_own_bundle_and_secret(helm: str):
    objects = webhooks(helm, merged(WEBHOOK, {"webhook": {"certManager": {"enabled": True}}}))
    configuration, certificate = only(objects, "MutatingWebhookConfiguration"), only(objects, "Certificate")
    assert only(objects, "Secret") is None
    assert "caBundle" not in configuration["webhooks"][0]["clientConfig"]
    injected = configuration["metadata"]["annotations"]["cert-manager.io/inject-ca-from"]
    assert injected == f"{certificate['metadata']['namespace']}/{certificate['metadata']['name']}"
    volumes = at(only(objects, "Deployment"), f"{POD}.volumes")
    assert {"secretName": certificate["spec"]["secretName"]} in [volume.get("secret") for volume in volumes]
    assert only(objects, "Issuer")


def test_the_webhooks_pods_are_none_of_the_operators(helm: str):
    objects = render(helm, WEBHOOK)
    deployments = {each["metadata"]["name"]: each["spec"] for each in objects if each["kind"] == "Deployment"}
    selector = deployments["revgate"]["selector"]["matchLabels"]
    labels = deployments["revgate-webhook"]["template"]["metadata"]["labels"]
    assert not selector.items() <= labels.items()
    assert "serviceAccountName" not in deployments["revgate-webhook"]["template"]["spec"]
