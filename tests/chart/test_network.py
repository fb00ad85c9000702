"""The NetworkPolicies of the chart: what they say, and that the API server takes them."""

from typing import Any

import pytest
import yaml

from chart.apiserver import ApiServer
from chart.release import CHART
from chart.test_rendering import at, leaves, only, render
from revgate.contract import names

PROMETHEUS = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]
ADDRESS = [{"ipBlock": {"cidr": "10.0.0.1/32"}}]
WEBHOOK = {"schedulingGate": {"enabled": True}, "webhook": {"enabled": True}}
DNS = {"ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]}

# value: (what a user sets, the policy that shows it, where, what is there)
VALUES: dict[str, tuple[Any, str, str, Any]] = {
    "networkPolicy.enabled": (True, "revgate", "spec.egress.0", DNS),
    "networkPolicy.from": (PROMETHEUS, "revgate", "spec.ingress.0.from", PROMETHEUS),
    "networkPolicy.apiServer": (ADDRESS, "revgate", "spec.egress.1.to", ADDRESS),
    "networkPolicy.apiServerPorts": ([8443], "revgate", "spec.egress.1.ports", [{"protocol": "TCP", "port": 8443}]),
    "networkPolicy.webhookFrom": (ADDRESS, "revgate-webhook", "spec.ingress.0.from", ADDRESS),
}


def policies(helm: str, **values: Any) -> dict[str, dict[str, Any]]:
    objects = render(helm, {"networkPolicy": {"enabled": True, **values}, **WEBHOOK})
    return {each["metadata"]["name"]: each for each in objects if each["kind"] == "NetworkPolicy"}


def test_every_value_of_the_network_policies_is_tried():
    values = leaves(yaml.safe_load((CHART / "values.yaml").read_text()))
    assert set(VALUES) == {value for value in values if value.startswith("networkPolicy.")}


@pytest.mark.parametrize("path", VALUES)
def test_a_value_of_the_network_policies_arrives_where_it_is_wanted(helm: str, path: str):
    given, policy, where, expected = VALUES[path]
    assert at(policies(helm, **{path.split(".")[1]: given})[policy], where) == expected


def test_there_are_none_by_default_nor_for_a_webhook_that_is_not_there(helm: str):
    assert only(render(helm), "NetworkPolicy") is None
    policy = only(render(helm, {"networkPolicy": {"enabled": True}}), "NetworkPolicy")
    assert policy is not None
    assert policy["metadata"]["name"] == "revgate"


def test_nobody_reaches_the_operator_unless_said_and_both_are_limited_in_both_directions(helm: str):
    both = policies(helm)
    assert "ingress" not in both["revgate"]["spec"]
    assert "egress" not in both["revgate-webhook"]["spec"]
    assert all(each["spec"]["policyTypes"] == ["Ingress", "Egress"] for each in both.values())


def test_the_policies_select_the_pods_of_their_deployments_and_name_ports_that_these_have(helm: str):
    objects = render(helm, {"networkPolicy": {"enabled": True, "from": PROMETHEUS}, **WEBHOOK})
    for name in ("revgate", "revgate-webhook"):
        found = {each["kind"]: each for each in objects if each["metadata"]["name"] == name}
        template = found["Deployment"]["spec"]["template"]
        assert (
            found["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"].items()
            <= template["metadata"]["labels"].items()
        )
        ports = {port["name"] for port in template["spec"]["containers"][0]["ports"]}
        assert {port["port"] for port in found["NetworkPolicy"]["spec"]["ingress"][0]["ports"]} <= ports


def test_the_api_server_takes_what_is_rendered(helm: str, api: ApiServer, namespace: str):
    for policy in policies(helm, **{"from": PROMETHEUS, "apiServer": ADDRESS, "webhookFrom": ADDRESS}).values():
        policy["metadata"]["namespace"] = namespace
        assert api.refused_to_create(namespace, policy, "", "--dry-run=server") == ""


def test_the_labels_that_the_read_me_selects_migrations_by_are_those_of_their_pods():
    text = (CHART / "README.md").read_text()
    assert f"{names.MANAGED_BY}: {names.MANAGER}" in text
    assert f"{names.RUN_OF}: NAME" in text
