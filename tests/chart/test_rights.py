"""Who may do what: the operator's account exactly what its code calls, people what their namespace's role gives."""

import json

import pytest

from chart.apiserver import ApiServer
from chart.release import Release
from support.waiting import eventually

# What control/cluster.py and Kopf's watches send; a right that is missing here must not be in the chart
OPERATOR = {
    "schemamigrations.revgate.io": {"get", "list", "watch"},
    "schemamigrations/status.revgate.io": {"patch"},
    "schemaplans.revgate.io": {"list", "watch", "create", "delete"},
    "jobs.batch": {"get", "list", "watch", "create", "delete"},
    "pods.": {"list", "watch"},
    "pods/log.": {"get"},
    "events.": {"list", "create"},
}
EVERYBODY = ("authentication.k8s.io", "authorization.k8s.io")


def rights(api: ApiServer, user: str, namespace: str) -> dict[str, set[str]]:
    """Return the verbs that the API server grants a user, by resource and group."""
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    }
    answer = api.kubectl("create", "-f", "-", "-o", "json", "--validate=false", "--as", user, stdin=json.dumps(review))
    found: dict[str, set[str]] = {}
    for rule in json.loads(answer)["status"]["resourceRules"]:
        for group in set(rule["apiGroups"]) - set(EVERYBODY):
            for resource in rule["resources"]:
                found.setdefault(f"{resource}.{group}", set()).update(rule["verbs"])
    return found


def test_the_operator_has_exactly_the_rights_that_it_uses_in_every_namespace(
    api: ApiServer, release: Release, namespace: str
):
    assert rights(api, release.account, namespace) == OPERATOR
    lease = {"leases.coordination.k8s.io": {"create", "get", "update"}}
    assert rights(api, release.account, release.namespace) == OPERATOR | lease


def test_the_operator_can_not_touch_the_lease_of_somebody_else(api: ApiServer, release: Release, namespace: str):
    own, other = f"--namespace={release.namespace}", f"--namespace={namespace}"
    for verb in ("get", "update"):
        assert api.can(release.account, verb, f"leases/{release.name}", own)
        assert not api.can(release.account, verb, "leases/somebody-elses", own)
        assert not api.can(release.account, verb, f"leases/{release.name}", other)
    assert not api.can(release.account, "create", "leases", other)


@pytest.mark.parametrize("verb", ["get", "list", "watch"])
@pytest.mark.parametrize("scope", ["--all-namespaces", "--namespace=default"])
def test_the_operator_can_not_read_secrets(api: ApiServer, release: Release, verb: str, scope: str):
    assert api.can(release.account, verb, "jobs", scope)
    assert not api.can(release.account, verb, "secrets", scope)


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("view", {"get", "list", "watch"}),
        ("edit", {"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"}),
        ("admin", {"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"}),
    ],
)
def test_a_role_of_a_namespace_has_the_same_rights_on_its_migrations(
    api: ApiServer, release: Release, namespace: str, role: str, expected: set[str]
):
    user = f"somebody-with-{role}"
    api.allow(namespace, user, role)
    eventually(
        f"{role} may do on migrations what it may do elsewhere",
        lambda: rights(api, user, namespace).get("schemamigrations.revgate.io") == expected,
        world=lambda: rights(api, user, namespace).get("schemamigrations.revgate.io"),
    )
    assert "schemamigrations/status.revgate.io" not in rights(api, user, namespace)
    assert "schemamigrations.revgate.io" not in rights(api, user, "default")
