"""Who may approve a plan, what an approval says, and what can be done to a plan otherwise: nothing."""

import json
from typing import Any

import pytest

from chart.apiserver import ApiServer
from chart.release import Release
from support.waiting import eventually

AT = "2026-03-01T12:00:00Z"
PLAN = "ledger-0123456789"


def approval(by: str) -> dict[str, Any]:
    return {"spec": {"approved": {"by": by, "at": AT}}}


def rejection(by: str) -> dict[str, Any]:
    return {"spec": {"rejected": {"by": by, "at": AT, "why": "on Monday"}}}


@pytest.fixture
def plan(api: ApiServer, namespace: str) -> str:
    """Return a plan that the administrator made, with all that the operator writes into one."""
    revision = {"revision": "0002", "message": "Drop it", "checksum": "cd" * 32, "sql": "DROP TABLE t;"}
    spec = {
        "migration": "ledger",
        "hash": "ab" * 32,
        "from": ["0001"],
        "to": ["0002"],
        "image": "ledger:1",
        "destructive": True,
        "needsApproval": True,
        "truncated": False,
        "revisions": [
            revision | {"destroys": ["table t"], "findings": [{"rule": "r", "level": "error", "message": "m"}]}
        ],
    }
    api.create(
        namespace, {"apiVersion": "revgate.io/v1alpha1", "kind": "SchemaPlan", "metadata": {"name": PLAN}, "spec": spec}
    )
    return PLAN


@pytest.fixture
def dana(api: ApiServer, release: Release, namespace: str) -> str:
    api.allow(namespace, "dana", f"{release.name}-approve")
    eventually("dana may approve", lambda: api.can("dana", "patch", "schemaplans.revgate.io", "-n", namespace))
    return "dana"


def refused(api: ApiServer, namespace: str, patch: dict[str, Any], user: str) -> str:
    words = ("patch", "schemaplan", PLAN, "--type=merge", "--patch", json.dumps(patch), "-n", namespace)
    return api.refusal(*words, "--as", user)


def test_who_may_approve_approves_in_the_own_name_and_once(api: ApiServer, namespace: str, plan: str, dana: str):
    assert "must be who writes it, which is dana" in refused(api, namespace, approval("boss"), dana)
    assert refused(api, namespace, approval("dana"), dana) == ""
    assert "an approval is not taken back" in refused(api, namespace, {"spec": {"approved": None}}, dana)
    later = {"spec": {"approved": {"by": "dana", "at": "2026-03-02T12:00:00Z"}}}
    assert "an approval is not taken back" in refused(api, namespace, later, dana)
    assert "either approved or rejected" in refused(api, namespace, rejection("dana"), dana)


def test_a_rejected_plan_stays_rejected(api: ApiServer, namespace: str, plan: str, dana: str):
    assert "must be who writes it, which is dana" in refused(api, namespace, rejection("boss"), dana)
    assert refused(api, namespace, rejection("dana"), dana) == ""
    assert "stays rejected" in refused(api, namespace, {"spec": {"rejected": None}}, dana)
    assert "either approved or rejected" in refused(api, namespace, approval("dana"), dana)


@pytest.mark.parametrize(
    "change",
    [
        {"hash": "ee" * 32},
        {"image": "evil:1"},
        {"destructive": False},
        {"needsApproval": False},
        {"revisions": []},
        {"to": ["0003"]},
    ],
)
def test_what_a_plan_says_is_not_changed(api: ApiServer, namespace: str, plan: str, dana: str, change: dict[str, Any]):
    said = refused(api, namespace, {"spec": change | approval("dana")["spec"]}, dana)
    assert "only approved and rejected are written into it" in said


def test_the_operator_and_who_may_edit_may_not_approve(
    api: ApiServer, release: Release, namespace: str, plan: str, dana: str
):
    api.allow(namespace, "ann", "edit")
    eventually("ann may see plans", lambda: api.can("ann", "get", "schemaplans.revgate.io", "-n", namespace))
    for user in ("ann", release.account):
        assert "forbidden" in refused(api, namespace, approval(user), user).lower()
        assert not api.can(user, "update", "schemaplans.revgate.io", "-n", namespace)
    assert not api.can("ann", "create", "schemaplans.revgate.io", "-n", namespace)
    assert not api.can("dana", "create", "schemaplans.revgate.io", "-n", namespace)


def test_a_plan_shows_what_matters_in_a_table(api: ApiServer, namespace: str, plan: str):
    head, row = api.kubectl("get", "splan", "-n", namespace).splitlines()
    assert head.split() == ["NAME", "MIGRATION", "FROM", "TO", "DESTRUCTIVE", "APPROVED", "REJECTED", "AGE"]
    assert row.split()[:5] == [PLAN, "ledger", "0001", "0002", "true"]
