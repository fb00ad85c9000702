"""The right to patch pods, and the policy that leaves one use of it: taking our scheduling gate off."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from chart.apiserver import ApiServer
from chart.release import CHART, Release
from revgate.contract import names
from revgate.control.gates.lift import lifting
from revgate.control.gates.pods import read_held
from support.api import Api, connected
from support.held import FOREIGN, HeldApp, pod
from support.waiting import eventually

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
GATE = names.SCHEDULING_GATE
LIFT_SECOND = [{"op": "remove", "path": "/spec/schedulingGates/1"}]
TOLERATION = {"key": "k", "operator": "Exists", "effect": "NoSchedule"}
OWNER = {"apiVersion": "v1", "kind": "ConfigMap", "name": "a", "uid": "1"}
AFFINITY = {
    "nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "Exists"}]}]
        }
    }
}

# What the right to patch pods would allow, were it not for the policy
ABUSES: dict[str, Any] = {
    "another image": [{"op": "replace", "path": "/spec/containers/0/image", "value": "evil:1"}],
    "another image for an init container": [{"op": "replace", "path": "/spec/initContainers/0/image", "value": "evil"}],
    "another image with the gate off": [
        {"op": "replace", "path": "/spec/containers/0/image", "value": "evil:1"},
        *LIFT_SECOND,
    ],
    "a label": [{"op": "add", "path": "/metadata/labels/app", "value": "other"}],
    "a label with the gate off": [{"op": "add", "path": "/metadata/labels/app", "value": "other"}, *LIFT_SECOND],
    "no label any more": [{"op": "remove", "path": "/metadata/labels"}],
    "an annotation": [{"op": "add", "path": "/metadata/annotations/a", "value": "b"}],
    "an owner": [{"op": "add", "path": "/metadata/ownerReferences", "value": [OWNER]}],
    "a finalizer": [{"op": "add", "path": "/metadata/finalizers", "value": ["example.com/held"]}],
    "a deadline": [{"op": "add", "path": "/spec/activeDeadlineSeconds", "value": 1}],
    "a toleration": [{"op": "add", "path": "/spec/tolerations/-", "value": TOLERATION}],
    "a node selector": [{"op": "add", "path": "/spec/nodeSelector", "value": {"disk": "ssd"}}],
    "an affinity": [{"op": "add", "path": "/spec/affinity", "value": AFFINITY}],
    "a foreign gate off": [{"op": "remove", "path": "/spec/schedulingGates/0"}],
    "every gate off": [{"op": "remove", "path": "/spec/schedulingGates"}],
}
ON_A_RUNNING_POD = (
    "another image",
    "a label",
    "an annotation",
    "an owner",
    "a finalizer",
    "a deadline",
    "a toleration",
)


class Account:
    """The operator's account, and what the API server answers to it."""

    def __init__(self, app: HeldApp, name: str) -> None:
        self._app = app
        self._name = name

    def patch(
        self, patch: Any, kind: str = JSON_PATCH, part: str = "", name: str = "web", *, as_admin: bool = False
    ) -> httpx.Response:
        """Send a patch of a pod, as a dry run when it is the administrator's."""
        path = f"/api/v1/namespaces/{self._app.api.namespace}/pods/{name}{part and '/'}{part}"
        headers = {"Content-Type": kind} | ({} if as_admin else {"Impersonate-User": self._name})
        query = {"dryRun": "All"} if as_admin else {}
        return self._app.api.client.patch(path, content=json.dumps(patch), headers=headers, params=query)


@pytest.fixture(scope="module")
def client(api: ApiServer) -> Iterator[httpx.Client]:
    with connected(api.cluster) as client:
        yield client


@pytest.fixture(scope="module")
def gating(api: ApiServer, client: httpx.Client) -> Iterator[Release]:
    """The chart with the scheduling gate switched on."""
    release = Release(api, "gating", api.new_namespace("gating", restricted=True))
    try:
        release.install(CHART, "--set", "schedulingGate.enabled=true")
        until_policy_holds(release, client)
        yield release
    finally:
        release.uninstall()


def account_of(release: Release) -> str:
    return f"system:serviceaccount:{release.namespace}:{release.name}-revgate"


def until_policy_holds(release: Release, client: httpx.Client) -> None:
    app = HeldApp(Api(client, release.api.new_namespace("first-patch")))
    app.create("web")
    account = Account(app, account_of(release))
    abuse = ABUSES["an annotation"]
    eventually(
        "the policy refuses",
        lambda: "the operator may" in account.patch(abuse).text,
        world=lambda: account.patch(abuse).text,
    )


@pytest.fixture(scope="module")
def untouched(api: ApiServer, client: httpx.Client) -> HeldApp:
    """The app for tests after which it is as it was."""
    return made(HeldApp(Api(client, api.new_namespace("untouched"))))


@pytest.fixture
def app(client: httpx.Client, namespace: str) -> HeldApp:
    return made(HeldApp(Api(client, namespace)))


def made(app: HeldApp) -> HeldApp:
    """Give an app a pod with a foreign gate, ours, and an init container, and one that runs."""
    app.create("running", gates=[])
    app.bind("running")
    web = pod("web", "0002", "ledger", [FOREIGN, GATE])
    web["spec"]["initContainers"] = [{"name": "wait", "image": "registry.example/gate:1"}]
    app.api.create("pods", web)
    return app


@pytest.fixture
def operator(gating: Release, app: HeldApp) -> Account:
    return Account(app, account_of(gating))


def assert_refused_by_the_policy(answer: httpx.Response) -> None:
    assert answer.status_code == 403, answer.text
    assert "the operator may" in answer.json()["message"]


@pytest.mark.parametrize("abuse", ABUSES)
def test_an_abuse_of_the_right_is_refused(gating: Release, untouched: HeldApp, abuse: str):
    operator = Account(untouched, account_of(gating))
    assert operator.patch(ABUSES[abuse], as_admin=True).is_success, "Refused anyway, this proves nothing"
    assert_refused_by_the_policy(operator.patch(ABUSES[abuse]))
    assert untouched.gates("web") == [FOREIGN, GATE]


@pytest.mark.parametrize("abuse", ON_A_RUNNING_POD)
def test_a_pod_that_runs_is_not_touched(gating: Release, untouched: HeldApp, abuse: str):
    operator = Account(untouched, account_of(gating))
    assert operator.patch(ABUSES[abuse], name="running", as_admin=True).is_success, "This proves nothing"
    assert_refused_by_the_policy(operator.patch(ABUSES[abuse], name="running"))


@pytest.mark.parametrize(
    ("part", "patch"),
    [
        ("status", {"status": {"phase": "Failed"}}),
        ("ephemeralcontainers", {"spec": {"ephemeralContainers": [{"name": "x", "image": "evil:1"}]}}),
        ("resize", {"spec": {"containers": [{"name": "web", "resources": {"requests": {"cpu": "1"}}}]}}),
    ],
)
def test_what_lies_below_a_pod_is_no_right_of_the_operator(operator: Account, part: str, patch: dict[str, Any]):
    assert operator.patch(patch, STRATEGIC, part).status_code == 403


def test_the_patch_that_the_operator_sends_takes_our_gate_off(operator: Account, app: HeldApp):
    held = read_held(app.api.get("pods", "web") or {})
    assert held is not None
    assert operator.patch(lifting(held)).is_success
    assert app.gates("web") == [FOREIGN]
    assert operator.patch(lifting(held)).status_code == 422
    assert app.gates("web") == [FOREIGN]


@pytest.mark.parametrize(
    ("patch", "kind"),
    [
        ({"spec": {"schedulingGates": [{"name": GATE, "$patch": "delete"}]}}, STRATEGIC),
        ({"spec": {"schedulingGates": [{"name": FOREIGN}]}}, MERGE_PATCH),
    ],
)
def test_other_ways_of_taking_only_our_gate_off_are_the_same(
    operator: Account, app: HeldApp, patch: dict[str, Any], kind: str
):
    assert operator.patch(patch, kind).is_success
    assert app.gates("web") == [FOREIGN]


def test_the_policy_asks_about_nobody_else(operator: Account, app: HeldApp, gating: Release):
    somebody = Account(app, "system:serviceaccount:kube-system:deployment-controller")
    assert operator.patch(ABUSES["a label"], as_admin=True).is_success
    assert "the operator may" not in somebody.patch(ABUSES["a label"]).text


def test_the_policys_types_are_right(api: ApiServer, gating: Release):
    name = f"{gating.name}-revgate-only-the-gate"
    status = eventually(
        "the policy's types are checked",
        lambda: (
            api.read("validatingadmissionpolicy", name).get("status", {}).get("typeChecking") is not None
            and api.read("validatingadmissionpolicy", name)["status"]
        ),
    )
    assert status["typeChecking"] == {}


def test_the_right_is_there_only_when_it_is_switched_on(api: ApiServer, gating: Release, release: Release):
    everywhere = "--all-namespaces"
    assert api.can(account_of(gating), "patch", "pods", everywhere)
    assert not api.can(release.account, "patch", "pods", everywhere)
    assert not api.read("validatingadmissionpolicy", f"{release.name}-only-the-gate")
