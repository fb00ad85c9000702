"""What Helm makes of the chart and of each of its values."""

import itertools
import json
import re
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
import yaml

from chart.apiserver import REPOSITORY
from chart.release import CHART
from support.cluster import run

POD = "spec.template.spec"
CONTAINER = f"{POD}.containers.0"
TOLERATION = {"key": "dedicated", "operator": "Exists"}
WHOLE = ("resources", "labels")
AFFINITY = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}}

# value: (what a user sets, the kind that shows it, where, what is there)
VALUES: dict[str, tuple[Any, str, str, Any]] = {
    "image.repository": ("registry.example/op", "Deployment", f"{CONTAINER}.image", "registry.example/op:0.2.0"),
    "image.tag": ("9@sha256:ab", "Deployment", f"{CONTAINER}.image", "revgate/operator:9@sha256:ab"),
    "image.pullPolicy": ("Always", "Deployment", f"{CONTAINER}.imagePullPolicy", "Always"),
    "runnerImage.repository": ("r.example/run", "Deployment", f"{CONTAINER}.env.0.value", "r.example/run:0.2.0"),
    "runnerImage.tag": ("1e4", "Deployment", f"{CONTAINER}.env.0.value", "revgate/runner:1e4"),
    "imagePullSecrets": ([{"name": "key"}], "Deployment", f"{POD}.imagePullSecrets", [{"name": "key"}]),
    "replicas": (3, "Deployment", "spec.replicas", 3),
    "serviceAccount.annotations": ({"a/b": "12"}, "ServiceAccount", "metadata.annotations", {"a/b": "12"}),
    "resources": (
        {"requests": {"cpu": "2"}, "limits": None},
        "Deployment",
        f"{CONTAINER}.resources.requests",
        {"cpu": "2", "memory": "128Mi"},
    ),
    "nodeSelector": ({"disk": "ssd"}, "Deployment", f"{POD}.nodeSelector", {"disk": "ssd"}),
    "tolerations": ([TOLERATION], "Deployment", f"{POD}.tolerations", [TOLERATION]),
    "affinity": (AFFINITY, "Deployment", f"{POD}.affinity", AFFINITY),
    "monitoring.podMonitor.enabled": (True, "PodMonitor", "spec.podMetricsEndpoints.0.port", "http"),
    "monitoring.podMonitor.labels": ({"team": "db"}, "PodMonitor", "metadata.labels.team", "db"),
    "monitoring.alerts.enabled": (True, "PrometheusRule", "spec.groups.0.name", "revgate"),
    "monitoring.alerts.labels": ({"team": "db"}, "PrometheusRule", "metadata.labels.team", "db"),
    "monitoring.dashboard.enabled": (True, "ConfigMap", "metadata.labels.grafana_dashboard", "1"),
    "monitoring.dashboard.labels": ({"team": "db"}, "ConfigMap", "metadata.labels.team", "db"),
    "schedulingGate.enabled": (True, "Deployment", f"{CONTAINER}.args", ["operator", "--scheduling-gate"]),
    "httpGate.enabled": (True, "Service", "spec.ports.0.targetPort", "http"),
    "policy.mayCreatePods.enabled": (False, "ValidatingAdmissionPolicy/revgate-may-create-pods", "", None),
    "policy.approvedByCaller.enabled": (False, "ValidatingAdmissionPolicy/revgate-approved-by-caller", "", None),
    "policy.allowedImages": (
        ["registry.example/"],
        "ValidatingAdmissionPolicy/revgate-allowed-images",
        "spec.failurePolicy",
        "Fail",
    ),
    "policy.allowedServiceAccounts": (
        ["migrator"],
        "ValidatingAdmissionPolicy/revgate-allowed-service-accounts",
        "spec.failurePolicy",
        "Fail",
    ),
}


def render(helm: str, values: dict[str, Any] | None = None, name: str = "revgate") -> list[dict[str, Any]]:
    command = [helm, "template", name, str(CHART), "--namespace", "somewhere", "--values", "-"]
    return list(filter(None, yaml.safe_load_all(run(command, stdin=json.dumps(values or {})).stdout)))


def only(objects: list[dict[str, Any]], kind: str) -> dict[str, Any] | None:
    kind, _, name = kind.partition("/")
    found = [each for each in objects if each["kind"] == kind and each["metadata"]["name"].startswith(name)]
    assert len(found) <= 1
    return found[0] if found else None


def at(thing: Any, path: str) -> Any:
    for step in filter(None, path.split(".")):
        thing = thing[int(step)] if step.isdigit() else thing[step]
    return thing


def nested(path: str, value: Any) -> dict[str, Any]:
    for step in reversed(path.split(".")):
        value = {step: value}
    return value


def leaves(values: dict[str, Any], prefix: str = "") -> set[str]:
    """Return the values that a user may set; a map that is filled by the user is one value, and so are these."""
    found = set()
    for name, value in values.items():
        path = f"{prefix}{name}"
        found |= leaves(value, f"{path}.") if isinstance(value, dict) and value and name not in WHOLE else {path}
    return found


def wanted(path: str, value: Any) -> dict[str, Any]:
    """Return the values with this one set; what has labels is switched on, too."""
    values = nested(path, value)
    *parents, name = path.split(".")
    if name == "labels":
        reduce(dict.__getitem__, parents, values)["enabled"] = True
    return values


def test_helm_lint_finds_nothing_in_the_chart(helm: str):
    assert "0 chart(s) failed" in run([helm, "lint", "--strict", CHART]).stdout


@pytest.mark.parametrize("path", VALUES)
def test_a_value_arrives_where_it_is_wanted(helm: str, path: str):
    given, kind, where, expected = VALUES[path]
    before, after = only(render(helm), kind), only(render(helm, wanted(path, given)), kind)
    assert after != before
    assert (at(after, where) if after else None) == expected


def test_every_value_is_tried_and_explained_in_the_read_me():
    values = leaves(yaml.safe_load((CHART / "values.yaml").read_text()))
    explained = set(re.findall(r"^\| `([\w.]+)` \|", (CHART / "README.md").read_text(), re.MULTILINE))
    elsewhere = ("webhook.", "networkPolicy.")  # test_gates_rendering.py, test_network.py
    assert set(VALUES) == {value for value in values if not value.startswith(elsewhere)}
    assert explained == values


def test_every_value_has_a_comment_above_it():
    lines = (CHART / "values.yaml").read_text().splitlines()
    paths = {path.split(".")[-1] for path in leaves(yaml.safe_load("\n".join(lines)))}
    bare = [
        line
        for above, line in itertools.pairwise(lines)
        if line.split(":")[0].strip() in paths and not line.lstrip().startswith("#") and "#" not in above
    ]
    assert bare == []


@pytest.mark.parametrize(
    "mistake",
    ["replica", "image.tags", "image.pullPolicy", "runnerImage.tag", "policy.mayCreatePods.enabled", "nodeSelector.a"],
)
def test_a_mistaken_value_is_refused_by_its_name(helm: str, mistake: str):
    command = [helm, "template", "revgate", str(CHART), "--values", "-"]
    done = run(command, stdin=json.dumps(nested(mistake, 12)), check=False)
    assert done.returncode != 0
    *parents, name = mistake.split(".")
    assert all(part in done.stderr for part in (*parents, name))


def test_a_parent_chart_may_switch_the_chart_with_a_condition(helm: str):
    assert render(helm, {"enabled": True, "global": {"anything": 1}}) == render(helm)


def test_no_rule_of_a_role_holds_a_star_or_a_secret(helm: str):
    rules = [rule for each in render(helm) if each["kind"] == "ClusterRole" for rule in each["rules"]]
    words = {word for rule in rules for words in rule.values() for word in words}
    assert rules
    assert not words & {"*", "secrets", "escalate", "bind", "impersonate"}


def test_a_single_replica_may_be_drained(helm: str):
    assert only(render(helm), "PodDisruptionBudget")
    assert only(render(helm, {"replicas": 1}), "PodDisruptionBudget") is None


@pytest.mark.parametrize("name", ["revgate", "mine"])
def test_the_lease_that_the_replicas_share_is_the_one_that_they_have_rights_on(helm: str, name: str):
    objects = render(helm, name=name)
    (container,) = only(objects, "Deployment")["spec"]["template"]["spec"]["containers"]
    role = only(objects, "Role")
    given = {each["name"]: each["value"] for each in container["env"]}["REVGATE_LEASE"]
    assert given == f"{role['metadata']['namespace']}/{role['rules'][1]['resourceNames'][0]}"


def test_names_follow_the_release_and_namespaced_objects_say_where_they_are(helm: str):
    objects = render(helm, name="blue")
    suffixes = ("", "-view", "-edit", "-approve", "-approved-by-caller", "-may-create-pods")
    assert {each["metadata"]["name"] for each in objects} == {f"blue-revgate{suffix}" for suffix in suffixes}
    namespaces = {
        each["metadata"].get("namespace") for each in objects if each["kind"] in ("Deployment", "ServiceAccount")
    }
    assert namespaces == {"somewhere"}


def test_the_chart_is_of_the_version_of_the_package():
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    project = (REPOSITORY / "pyproject.toml").read_text()
    version = re.search(r'^version = "(.*)"$', project, re.MULTILINE)
    assert version
    assert {chart["version"], chart["appVersion"]} == {version[1]}


def test_the_deployment_starts_the_operator_with_options_that_it_knows(helm: str):
    deployment = only(render(helm), "Deployment")
    container = at(deployment, CONTAINER)
    source = Path(REPOSITORY / "operator/revgate/cli/operator.py").read_text()
    assert container["args"] == ["operator"]
    assert f'"{container["env"][0]["name"]}"' in source
    assert f'"0.0.0.0:{container["ports"][0]["containerPort"]}"' in source
    served = Path(REPOSITORY / "operator/revgate/control/telling/serving.py").read_text()
    probes = [container[probe]["httpGet"] for probe in ("livenessProbe", "readinessProbe")]
    assert {probe["port"] for probe in probes} == {container["ports"][0]["name"]}
    assert [probe for probe in probes if f'web.get("{probe["path"]}"' not in served] == []
