"""Argo CD's health check, run by a real Lua 5.1, which is Argo CD's, over the status of every situation there is."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from lupa.lua51 import LuaRuntime

from revgate.contract.reasons import Reason
from revgate.control.deciding.decide import decide
from revgate.control.deciding.status import status_of
from revgate.control.resource.crd import schema_migration_crd
from revgate.control.resource.record import ConditionStatus, Status
from support.situations import SITUATIONS

PLACE = Path(__file__).parents[2] / "deploy/gitops"
SCRIPT = (PLACE / "argocd-health.lua").read_text()
A_PERSON_DECIDES = {Reason.AWAITING_APPROVAL, Reason.SUSPENDED, Reason.PLANNED}


def health(status: dict[str, Any] | None, generation: int = 1) -> tuple[str, str]:
    """Return what Argo CD would show, as it calls a script: with the object as the global `obj`."""
    lua = LuaRuntime(unpack_returned_tuples=True)
    body: dict[str, Any] = {"metadata": {"name": "ledger", "generation": generation}, "spec": {}}
    lua.globals().obj = lua.table_from(body | ({} if status is None else {"status": status}), recursive=True)
    answer = lua.execute(SCRIPT)
    return answer.status, answer.message


def recorded(situation: str) -> Status:
    seen, _ = SITUATIONS[situation]
    return status_of(seen, decide(seen))


def expected(status: Status) -> str:
    of = {condition.type: condition for condition in status.conditions}
    if of["Stalled"].status is ConditionStatus.TRUE:
        return "Degraded"
    if of["Ready"].status is ConditionStatus.TRUE:
        return "Healthy"
    return "Suspended" if of["Ready"].reason in A_PERSON_DECIDES else "Progressing"


@pytest.mark.parametrize("situation", SITUATIONS)
def test_every_status_that_the_operator_writes_has_its_health(situation: str):
    status = recorded(situation)
    ready = next(condition for condition in status.conditions if condition.type == "Ready")
    shown = health(status.as_json(), status.observed_generation or 0)
    assert shown == (expected(status), f"{ready.reason}: {ready.message}")


@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_status_about_an_older_spec_is_progressing_whatever_it_says(situation: str):
    status = recorded(situation)
    shown = health(status.as_json(), (status.observed_generation or 0) + 1)
    assert shown == ("Progressing", "The operator has not looked at the newest spec yet")


def reasons(kind: str) -> Iterator[str]:
    for situation in SITUATIONS:
        status = recorded(situation)
        if expected(status) == kind:
            yield status.conditions[0].reason


@pytest.mark.parametrize(
    ("kind", "some"),
    [
        ("Healthy", {"UpToDate", "DatabaseAhead"}),
        ("Progressing", {"Starting", "Running", "DatabaseUnreachable", "WaitingForPreviousRun", "SecretNotFound"}),
        ("Suspended", {"AwaitingApproval", "Suspended", "Planned"}),
        ("Degraded", {"RevisionFailed", "PlanRejected", "InvalidSpec", "RetryLimitReached"}),
    ],
)
def test_the_situations_show_every_kind_of_health(kind: str, some: set[str]):
    assert some <= set(reasons(kind))


def test_before_the_operator_has_looked_it_is_progressing():
    default = schema_migration_crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"][
        "default"
    ]
    assert health(default)[0] == "Progressing"
    for missing in (None, {}, {"conditions": []}):
        assert health(missing) == ("Progressing", "The operator has not looked at this migration yet")


def test_the_patch_of_argocd_cm_has_the_script_as_it_is():
    patch = yaml.safe_load((PLACE / "argocd-cm.yaml").read_text())
    assert patch == {"data": {"resource.customizations.health.revgate.io_SchemaMigration": SCRIPT}}
