"""The scheduling gate on a real API server: who goes when, who stays, and what is said on a pod that stays."""

from pathlib import Path

import httpx
import pytest

from revgate.contract import names
from revgate.contract.exits import Exit
from revgate.control.gates.lift import lifting
from revgate.control.gates.pods import SELECTION, read_held
from support.cluster import Cluster
from support.held import FOREIGN, HeldApp
from support.operator import Operator
from support.stage import MIGRATIONS, Stage, done, report
from support.waiting import eventually

pytest_plugins = ["support.operator_fixtures"]

GATE = names.SCHEDULING_GATE
ANNOTATE = "/metadata/annotations/revgate.io~1requires"


@pytest.fixture
def app(stage: Stage) -> HeldApp:
    return HeldApp(stage.api)


def until_free(stage: Stage, app: HeldApp, *pods: str) -> None:
    stage.until(f"{pods} are free", lambda: not any(app.is_held(pod) for pod in pods))


def until_told(stage: Stage, app: HeldApp, reasons: list[str], pod: str = "web") -> str:
    """Wait until exactly these reasons were told on a pod; return the last message."""
    stage.until(f"{pod} was told {reasons}", lambda: app.reasons(pod) == reasons)
    return str(app.told(pod)[-1]["message"])


def ask_gate(stage: Stage, name: str = "ledger", query: str = "?requires=0002") -> tuple[int, str]:
    url = stage.operator.address(f"/gate/{stage.api.namespace}/{name}{query}")
    answer = httpx.get(url, trust_env=False)
    return answer.status_code, answer.json()["state"]


def observe(stage: Stage, served: list[str], **status: object) -> None:
    """Write what a run with the ledger's edges would have brought into the status: there is no log to read here."""
    stage.api.patch(MIGRATIONS, "ledger", {"status": {"servedRevisions": served, **status}}, "status")
    query = f"?requires={served[-1]}"
    stage.until("The operator has seen it", lambda: ask_gate(stage, query=query) == (200, "Served"))


def probe(stage: Stage, app: HeldApp) -> None:
    """Prove that the operator has looked at every pod so far: a pod that may go, made last, has gone."""
    app.create("probe", requires=stage.status()["currentRevisions"][0])
    until_free(stage, app, "probe")


def test_a_pod_is_held_until_the_migration_is_ready(stage: Stage, app: HeldApp):
    app.create()
    until_told(stage, app, ["MigrationNotFound"])
    stage.apply()
    job = stage.next_job()
    until_told(stage, app, ["MigrationNotFound", "WaitingForSchema"])
    assert app.is_held()
    stage.bring_to_ready()
    until_free(stage, app, "web")
    assert stage.jobs() == [job]


def test_a_pod_that_comes_later_goes_at_once_and_nothing_is_told(stage: Stage, app: HeldApp):
    stage.apply()
    stage.bring_to_ready()
    app.create()
    until_free(stage, app, "web")
    assert app.reasons() == []


def test_an_old_release_may_restart_after_the_upgrade_and_while_it_is_under_way(stage: Stage, app: HeldApp):
    stage.apply()
    first = stage.bring_to_ready()
    observe(stage, served=["0002", "0001"])
    app.create("old", requires="0001")
    until_free(stage, app, "old")
    stage.apply(image="registry.example/ledger:1.3.0")
    stage.kubelet.start(stage.next_job(first))
    stage.until_true("Reconciling", "Running")
    app.create("again", requires="0001")
    until_free(stage, app, "again")


def test_other_gates_stay(stage: Stage, app: HeldApp):
    stage.apply()
    stage.bring_to_ready()
    app.create("before", gates=[FOREIGN, GATE])
    app.create("after", gates=[GATE, FOREIGN])
    until_free(stage, app, "before", "after")
    assert (app.gates("before"), app.gates("after")) == ([FOREIGN], [FOREIGN])


def test_the_first_of_two_gates_may_go_while_the_operator_looks(stage: Stage, app: HeldApp):
    app.create(gates=[FOREIGN, GATE])
    until_told(stage, app, ["MigrationNotFound"])
    assert app.patch("web", [{"op": "remove", "path": "/spec/schedulingGates/0"}]).is_success
    stage.apply()
    stage.bring_to_ready()
    until_free(stage, app, "web")


def test_a_hundred_pods_go_together(stage: Stage, app: HeldApp):
    pods = [f"web-{number}" for number in range(100)]
    for pod in pods:
        app.create(pod)
    stage.apply()
    stage.bring_to_ready()
    until_free(stage, app, *pods)


def test_a_pod_without_the_annotation_is_told_and_goes_when_it_has_one(stage: Stage, app: HeldApp):
    stage.apply()
    stage.bring_to_ready()
    app.create(requires=None)
    assert "no annotation revgate.io/requires" in until_told(stage, app, ["RequiresMissing"])
    added = {"revgate.io/requires": "0002"}
    assert app.patch("web", [{"op": "add", "path": "/metadata/annotations", "value": added}]).is_success
    until_free(stage, app, "web")


def test_all_that_a_pod_requires_must_be_served(stage: Stage, app: HeldApp):
    stage.apply()
    stage.bring_to_ready()
    observe(stage, served=["0002", "0001"])
    app.create("both", requires="0002, 0001")
    app.create("one", requires="0001,7777")
    until_free(stage, app, "both")
    message = until_told(stage, app, ["RevisionNotFound"], "one")
    assert "without 7777" in message
    assert app.is_held("one")


def test_a_database_past_its_floor_takes_no_older_release(stage: Stage, app: HeldApp):
    stage.apply()
    stage.bring_to_ready()
    observe(stage, served=["0002", "0001"], floor="0001")
    app.create(requires="0000")
    assert "serves apps from 0001 on: 0000 is too old" in until_told(stage, app, ["SchemaPastFloor"])
    assert app.is_held()


def test_a_migration_that_stalls_is_told_on_the_pod_with_its_reason(stage: Stage, app: HeldApp):
    stage.apply()
    job = stage.next_job()
    app.create()
    until_told(stage, app, ["WaitingForSchema"])
    failed = report(Exit.REVISION_FAILED, read=True, current=("0001",), pending=("0002",), pending_count=1)
    stage.kubelet.finish(job, failed)
    message = until_told(stage, app, ["WaitingForSchema", "MigrationStalled"])
    assert "Database is at 0001, 0002 is required and pending (SchemaMigration ledger: RevisionFailed)" in message
    assert app.is_held()


def test_a_migration_of_another_namespace_lets_nobody_go(stage: Stage, app: HeldApp, another: HeldApp):
    stage.apply()
    stage.bring_to_ready()
    another.create()
    message = until_told(stage, another, ["MigrationNotFound"])
    assert f"SchemaMigration ledger does not exist in namespace {another.api.namespace}" in message
    assert another.is_held()


@pytest.fixture
def another(stage: Stage) -> HeldApp:
    """The same app in a namespace that has no migration."""
    namespace = f"{stage.api.namespace}-other"
    stage.api.client.post("/api/v1/namespaces", json={"metadata": {"name": namespace}}).raise_for_status()
    return HeldApp(type(stage.api)(stage.api.client, namespace))


def test_a_spec_that_names_another_database_lets_nobody_go_before_that_one_was_read(stage: Stage, app: HeldApp):
    stage.apply()
    first = stage.bring_to_ready()
    stage.apply(database={"urlFrom": {"secretKeyRef": {"name": "another-db", "key": "url"}}})
    second = stage.next_job(first)
    app.create()
    assert "No database has been read for this spec" in until_told(stage, app, ["WaitingForSchema"])
    assert app.is_held()
    stage.bring_to_ready("ledger", first)
    until_free(stage, app, "web")
    assert stage.jobs() == sorted([first, second])


def test_a_new_migration_of_the_same_name_begins_with_nothing_served(stage: Stage, app: HeldApp):
    stage.apply()
    first = stage.bring_to_ready()
    stage.delete()
    stage.until("The migration is gone", lambda: not stage.migration())
    app.create()
    until_told(stage, app, ["MigrationNotFound"])
    stage.apply()
    until_told(stage, app, ["MigrationNotFound", "WaitingForSchema"])
    assert app.is_held()
    stage.bring_to_ready("ledger", first)
    until_free(stage, app, "web")


def test_pods_wait_while_the_operator_is_away_and_what_was_told_is_not_told_again(stage: Stage, app: HeldApp):
    stage.apply(suspend=True)
    stage.until_reason("Suspended")
    app.create()
    until_told(stage, app, ["WaitingForSchema"])
    stage.operator.kill()
    app.create("later")
    stage.operator.start()
    until_told(stage, app, ["WaitingForSchema"], "later")
    assert app.reasons() == ["WaitingForSchema"]
    stage.apply(suspend=False)
    stage.bring_to_ready()
    until_free(stage, app, "web", "later")


def test_a_pod_that_was_made_anew_under_its_name_is_not_let_go_for_the_earlier_one(stage: Stage, app: HeldApp):
    earlier = read_held(app.create("web-0"))
    assert earlier is not None
    stage.api.delete("pods", "web-0")
    app.create("web-0", requires="0003")
    assert app.patch("web-0", lifting(earlier)).status_code == 422
    assert app.is_held("web-0")


@pytest.mark.parametrize(
    "change",
    [
        {"op": "replace", "path": ANNOTATE, "value": "0003"},
        {"op": "replace", "path": "/metadata/labels/revgate.io~1migration", "value": "other"},
        {"op": "remove", "path": ANNOTATE},
        {"op": "remove", "path": "/spec/schedulingGates/0"},
    ],
    ids=lambda change: f"{change['op']} {change['path']}",
)
def test_a_pod_that_has_changed_meanwhile_is_not_let_go_for_what_it_was(stage: Stage, app: HeldApp, change: dict):
    before = read_held(app.create())
    assert before is not None
    assert app.patch("web", [change]).is_success
    assert app.patch("web", lifting(before)).status_code == 422


def test_a_pod_with_a_node_costs_the_operator_nothing(stage: Stage, app: HeldApp):
    stage.apply()
    stage.bring_to_ready()
    app.create()
    until_free(stage, app, "web")
    app.bind("web")
    app.create("held", requires="7777")
    answer = stage.api.client.get(f"/api/v1/namespaces/{stage.api.namespace}/pods", params=dict(SELECTION))
    assert [each["metadata"]["name"] for each in answer.json()["items"]] == ["held"]


def test_what_is_told_does_not_grow_with_events(stage: Stage, app: HeldApp):
    stage.apply(suspend=True)
    stage.until_reason("Suspended")
    app.create()
    until_told(stage, app, ["WaitingForSchema"])
    for number in range(10):
        stage.api.patch(MIGRATIONS, "ledger", {"metadata": {"labels": {"touched": str(number)}}})
    app.create("last", requires=None)
    eventually("The last pod is told", lambda: app.reasons("last") == ["RequiresMissing"], world=stage.picture)
    assert app.reasons() == ["WaitingForSchema"]


def test_the_gate_over_http_answers_as_the_status_changes(stage: Stage):
    stage.apply()
    stage.next_job()
    stage.until("The gate knows the migration", lambda: ask_gate(stage) == (409, "CannotTell"))
    stage.bring_to_ready()
    stage.until("The gate is open", lambda: ask_gate(stage) == (200, "Served"))
    assert ask_gate(stage, query="") == (400, "BadRequest")
    stage.until("The operator has seen everything", lambda: ask_gate(stage, "other") == (404, "NotFound"), 30)


def test_pods_go_after_the_api_server_was_away(stage: Stage, app: HeldApp, crd: Cluster):
    stage.operator.may_fail = True
    stage.apply()
    job = stage.next_job()
    app.create()
    until_told(stage, app, ["WaitingForSchema"])
    crd.kill("apiserver")
    crd.start("apiserver")
    stage.until("The API server answers", stage.migration, 60)
    stage.kubelet.finish(job, done())
    stage.until("web is free", lambda: not app.is_held(), 60)
    assert app.reasons() == ["WaitingForSchema"]


def test_two_operators_at_once_let_each_pod_go_once(stage: Stage, app: HeldApp, crd: Cluster, tmp_path: Path):
    second = Operator(crd, tmp_path / "log", "--scheduling-gate")
    pods = [f"web-{number}" for number in range(20)]
    for pod in pods:
        app.create(pod)
    try:
        second.start()
        stage.apply()
        stage.bring_to_ready()
        until_free(stage, app, *pods)
    finally:
        second.stop()
    assert "pass failed" not in second.said()
    assert all(app.gates(pod) == [] for pod in pods)
    assert all(len(set(app.reasons(pod))) == len(app.reasons(pod)) for pod in pods)
