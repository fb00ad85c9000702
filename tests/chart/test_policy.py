"""The policy that asks who may create pods before a migration, which is one, is written."""

import json

import pytest

from chart.apiserver import ApiServer, migration
from chart.release import Release
from support.waiting import eventually

POD_ROLE = "may-create-pods-for-a-test"
GARBAGE_COLLECTOR = "system:serviceaccount:kube-system:generic-garbage-collector"
STATUS = {"status": {"observedGeneration": 1}}


@pytest.fixture
def ann(api: ApiServer, release: Release, namespace: str) -> str:
    """Return a user who may write migrations in the namespace, and may not create pods there."""
    api.allow(namespace, "ann", f"{release.name}-edit")
    eventually(
        "ann may write migrations", lambda: api.can("ann", "create", "schemamigrations.revgate.io", "-n", namespace)
    )
    return "ann"


@pytest.fixture
def existing(api: ApiServer, release: Release, namespace: str) -> str:
    """Return a migration that the administrator created."""
    body = migration()
    body["metadata"]["finalizers"] = ["example.com/held"]
    api.create(namespace, body)
    return "ledger"


def make_role(api: ApiServer, name: str, group: str, resource: str, *verbs: str) -> None:
    rule = {"apiGroups": [group], "resources": [resource], "verbs": verbs}
    kind = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole"}
    api.kubectl("apply", "-f", "-", stdin=json.dumps({**kind, "metadata": {"name": name}, "rules": [rule]}))


def allow_pods(api: ApiServer, namespace: str, user: str) -> None:
    make_role(api, POD_ROLE, "", "pods", "create")
    api.allow(namespace, user, POD_ROLE)
    eventually(f"{user} may create pods", lambda: api.can(user, "create", "pods", "-n", namespace))


def test_who_may_not_create_pods_may_not_create_a_migration_and_is_told_what_is_missing(
    api: ApiServer, namespace: str, ann: str
):
    refusal = api.refused_to_create(namespace, migration(), ann)
    assert f"user ann needs the right to create pods in namespace {namespace}" in refusal
    assert "bind a role there that has the verb create on pods" in refusal
    assert api.read("schemamigration", "ledger", namespace) == {}


@pytest.mark.parametrize(
    "change", [{"image": "registry.example/evil:1"}, {"suspend": True}, {"targetRevision": "0002"}]
)
def test_who_may_not_create_pods_may_not_change_a_spec(
    api: ApiServer, namespace: str, ann: str, existing: str, change: dict
):
    before = api.read("schemamigration", existing, namespace)
    assert "needs the right to create pods" in api.refused_to_patch(namespace, existing, {"spec": change}, ann)
    assert api.read("schemamigration", existing, namespace) == before


def test_the_right_to_create_pods_elsewhere_does_not_help(api: ApiServer, namespace: str, ann: str):
    allow_pods(api, api.new_namespace("elsewhere"), ann)
    assert "needs the right to create pods" in api.refused_to_create(namespace, migration(), ann)


def test_who_may_create_pods_may_create_and_change_a_migration(api: ApiServer, namespace: str, ann: str):
    allow_pods(api, namespace, ann)
    assert api.refused_to_create(namespace, migration(), ann) == ""
    assert api.refused_to_patch(namespace, "ledger", {"spec": {"targetRevision": "0002"}}, ann) == ""


def test_the_role_edit_is_enough_to_create_a_migration(api: ApiServer, release: Release, namespace: str):
    api.allow(namespace, "eve", "edit")
    resource = "schemamigrations.revgate.io"
    eventually("edit has arrived", lambda: api.can("eve", "create", resource, "-n", namespace))
    assert api.refused_to_create(namespace, migration(), "eve") == ""


@pytest.mark.parametrize(
    "metadata",
    [{"labels": {"team": "a"}}, {"annotations": {"revgate.io/retry": "1"}}, {"finalizers": None}],
)
def test_a_change_that_leaves_the_spec_alone_is_not_asked_about(
    api: ApiServer, namespace: str, ann: str, existing: str, metadata: dict
):
    assert api.refused_to_patch(namespace, existing, {"metadata": metadata}, ann) == ""


def test_writing_the_status_is_not_asked_about(api: ApiServer, namespace: str, existing: str):
    make_role(api, "writes-status-for-a-test", "revgate.io", "schemamigrations/status", "get", "patch")
    api.allow(namespace, "operator", "writes-status-for-a-test")
    status = ("schemamigrations.revgate.io", "--subresource=status", "-n", namespace)
    eventually("the status may be written", lambda: api.can("operator", "patch", *status))
    assert not api.can("operator", "create", "pods", "-n", namespace)
    assert api.refused_to_patch(namespace, existing, STATUS, "operator", "--subresource=status") == ""
    assert api.read("schemamigration", existing, namespace)["status"]["observedGeneration"] == 1


def test_people_with_edit_can_not_write_the_status(api: ApiServer, namespace: str, ann: str, existing: str):
    assert "forbidden" in api.refused_to_patch(namespace, existing, STATUS, ann, "--subresource=status")


def test_the_garbage_collector_may_let_a_deleted_migration_go(api: ApiServer, namespace: str, ann: str, existing: str):
    api.kubectl("delete", "schemamigration", existing, "-n", namespace, "--wait=false", "--as", ann)
    assert not api.can(GARBAGE_COLLECTOR, "create", "pods", "-n", namespace)
    assert api.refused_to_patch(namespace, existing, {"metadata": {"finalizers": None}}, GARBAGE_COLLECTOR) == ""
    assert api.read("schemamigration", existing, namespace) == {}
