"""An upgrade of the chart from the release before, and back: whatever stood, ran or waited goes on, and once."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from chart import before
from chart.apiserver import ApiServer
from chart.release import CHART, Release, warnings_in
from revgate.contract.exits import Exit
from revgate.contract.planned import digest_of, encode_plan
from revgate.contract.reasons import Reason
from support.api import Api, connected
from support.builders import DOCUMENT
from support.held import HeldApp
from support.kubelet import Kubelet
from support.node import Node, running_node
from support.operator import Operator
from support.stage import Stage, done, report

KINDS = ("schemamigrations", "schemaplans", "jobs", "pods", "events")
GATE = ("--set", "schedulingGate.enabled=true")
AT = "2026-03-01T12:00:00Z"
LATER = {"initialDelay": "50m", "maxDelay": "1h"}
OLD_RUNNER, NEW_RUNNER = "registry.example/runner:0.1.0", "registry.example/runner:0.2.0"
AT_REST = ("ready", *before.EVERY_FIELD, "stalled", "suspended", "planned", "later")
Objects = dict[tuple[str, str], dict[str, Any]]


@dataclass(frozen=True)
class Upgrade:
    """The course of the upgrade: the stage with the new operator, and the world right before it started."""

    stage: Stage
    old: Stage
    release: Release
    node: Node
    app: HeldApp
    objects: Objects


@pytest.fixture(scope="module")
def upgrade(api: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upgrade]:
    folder = tmp_path_factory.mktemp("upgrade")
    release = Release(api, "revgate", api.new_namespace("upgraded", restricted=True))
    operators: list[Operator] = []
    with connected(api.cluster) as client, running_node(api.cluster, client, folder) as node:
        try:
            release.install(before.CHART, *GATE)
            program = before.its_program(folder / "wheel")
            operators.append(before.operator_of(api, release, folder / "old", PYTHONPATH=program))
            old = stage_of(Api(client, api.new_namespace("app")), operators[0])
            operators[0].start(OLD_RUNNER)
            app = HeldApp(old.api)
            bring_into_every_state(old, node, app)
            upgrade_the_chart(release)
            release.until_crds_are_served()
            assert operators[0].stop() == 0
            old.kubelet.finish(job_of(old, "ended"), done())
            operators.append(before.operator_of(api, release, folder / "new"))
            objects = objects_of(old.api)
            operators[1].start(NEW_RUNNER)
            new = stage_of(old.api, operators[1])
            yield Upgrade(new, old, release, node, app, objects)
        finally:
            for operator in operators:
                operator.kill()
            release.uninstall()


def stage_of(api: Api, operator: Operator) -> Stage:
    return Stage(api, Kubelet(api), operator)


def bring_into_every_state(stage: Stage, node: Node, app: HeldApp) -> None:
    for name, spec in {"ready": {}, "bundled": {"image": ""}, **before.EVERY_FIELD}.items():
        stage.apply(name, **spec)
    stage.apply("suspended", suspend=True)
    stage.apply("planned", mode="Plan")
    stage.apply("waits", approval="Always")
    stage.apply("later", retry=LATER)
    for name in ("stalled", "running", "ended", "ledger"):
        stage.apply(name)
    for name in ("ready", "bundled", "everything", "in-parts"):
        stage.bring_to_ready(name)
    stage.kubelet.finish(stage.next_job(name="gone-down"), done("0002", "0001", reason=Reason.DOWNGRADED))
    stage.kubelet.finish(stage.next_job(name="stalled"), report(Exit.REVISION_FAILED, message="Revision 0002 failed"))
    stage.kubelet.finish(stage.next_job(name="later"), report(Exit.LOCK_TIMEOUT, message="Table t was locked"))
    for name in ("planned", "waits"):
        tell(stage, node, stage.next_job(name=name))
    for name in ("running", "ended", "ledger"):
        stage.kubelet.start(stage.next_job(name=name))
    app.create("web")
    stage.until_true("Ready", "Downgraded", "gone-down")
    stage.until_true("Stalled", "RevisionFailed", "stalled")
    stage.until_reason("Suspended", "suspended")
    stage.until_reason("Planned", "planned")
    for name, reason in {"later": "LockTimeout", "waits": "AwaitingApproval", "ledger": "Running"}.items():
        stage.until_true("Reconciling", reason, name)
    for name in ("running", "ended"):
        stage.until_true("Reconciling", "Running", name)
    stage.until("The pod is told why it waits", lambda: app.reasons("web") == ["WaitingForSchema"])


def tell(stage: Stage, node: Node, job: str) -> None:
    """Let a plan run tell its plan: in the log, with the digest in its report."""
    lines = encode_plan(DOCUMENT)
    pod = stage.kubelet.pod_of(job)
    node.take(stage.api, pod)
    node.logs[pod, "migrate"] = "".join(f"{line}\n" for line in lines)
    heads = {"before": ("0001",), "current": ("0001",), "target": ("0002",), "pending": ("0002",), "pending_count": 1}
    said = report(Exit.DONE, reason=Reason.PLANNED, read=True, plan=digest_of(lines), **heads)
    stage.kubelet.finish(job, said)


def job_of(stage: Stage, name: str) -> str:
    (job,) = stage.jobs(name)
    return job


def upgrade_the_chart(release: Release) -> None:
    """Upgrade CRDs and chart as the chart's README says, with the values as they were given before."""
    words = ("upgrade", release.name, str(CHART), "--namespace", release.namespace, "--reuse-values")
    crds = release.api.cluster.helm("show", "crds", str(CHART)).stdout
    apply = ("apply", "--server-side", "--force-conflicts", "--field-manager=helm", "-f", "-")
    release.api.kubectl(*apply, stdin=crds)
    assert warnings_in(release.api.cluster.helm(*words).stderr) == []


def objects_of(api: Api) -> Objects:
    """Return everything of a namespace that the operator could change."""
    return {(kind, each["metadata"]["name"]): each for kind in KINDS for each in api.find(kind)}


def test_the_migrations_here_have_every_field_that_there_was():
    assert before.fields_in_use() == before.fields_of_its_spec()


def test_what_is_at_rest_is_not_touched(upgrade: Upgrade):
    stage = upgrade.stage
    stage.apply("after")
    stage.bring_to_ready("after")
    names = set(AT_REST)
    kept = {key: each for key, each in upgrade.objects.items() if belongs_to(each) in names}
    assert {key: version(each) for key, each in kept.items()} == versions_of(stage.api, names)


def test_a_run_that_was_at_work_is_adopted_and_its_end_lets_the_held_pod_go(upgrade: Upgrade):
    stage, job = upgrade.stage, job_of(upgrade.old, "ledger")
    assert upgrade.app.is_held("web")
    stage.kubelet.finish(job, done())
    stage.until_true("Ready", "UpToDate")
    stage.until("web is free", lambda: not upgrade.app.is_held("web"))
    assert stage.jobs() == [job]
    assert (stage.api.get("pods", "web") or {})["metadata"]["uid"] == uid(upgrade, "pods", "web")


def test_a_run_that_ended_while_nobody_was_there_is_read(upgrade: Upgrade):
    upgrade.stage.until_true("Ready", "UpToDate", "ended")
    assert upgrade.stage.jobs("ended") == [job_of(upgrade.old, "ended")]


def test_a_plan_that_was_made_before_is_approved_and_carried_out(upgrade: Upgrade):
    stage = upgrade.stage
    planning = job_of(stage, "waits")
    plan = stage.status("waits")["plan"]
    stage.api.patch("schemaplans", plan, {"spec": {"approved": {"by": administrator(upgrade), "at": AT}}})
    job = stage.next_job(planning, name="waits")
    (container,) = (stage.api.get("jobs", job) or {})["spec"]["template"]["spec"]["containers"]
    approved = upgrade.objects["schemaplans", plan]["spec"]["hash"]
    assert f"--approved={approved}" in container["args"]
    stage.kubelet.finish(job, done())
    stage.until_true("Ready", "UpToDate", "waits")
    assert stage.status("waits")["history"][0]["plan"] == plan


def test_what_stalled_or_was_suspended_before_goes_on_when_it_is_asked_to(upgrade: Upgrade):
    stage = upgrade.stage
    stage.annotate("1", "stalled")
    stage.bring_to_ready("stalled", job_of(upgrade.old, "stalled"))
    stage.apply("suspended", suspend=False)
    stage.bring_to_ready("suspended")


def test_a_migration_without_an_image_runs_once_more_with_the_new_bundled_one(upgrade: Upgrade):
    stage = upgrade.stage
    before_it = set(stage.jobs("bundled")) & {name for kind, name in upgrade.objects if kind == "jobs"}
    job = stage.bring_to_ready("bundled", *before_it)
    (container,) = (stage.api.get("jobs", job) or {})["spec"]["template"]["spec"]["containers"]
    assert container["image"] == NEW_RUNNER


@dataclass(frozen=True)
class Rollback:
    """The way back: the stage with the old operator, and the world right before it came back."""

    stage: Stage
    objects: Objects


@pytest.fixture(scope="module")
def rollback(upgrade: Upgrade) -> Rollback:
    new, old = upgrade.stage, upgrade.old
    new.apply("second")
    new.kubelet.start(new.next_job(name="second"))
    new.until_true("Reconciling", "Running", "second")
    upgrade.app.create("held", migration="second")
    new.until("The pod is told why it waits", lambda: upgrade.app.reasons("held") == ["WaitingForSchema"])
    assert new.operator.stop() == 0
    objects = objects_of(new.api)
    upgrade.release.api.cluster.helm("rollback", upgrade.release.name, "1", "--namespace", upgrade.release.namespace)
    old.operator.start(OLD_RUNNER)
    return Rollback(old, objects)


def test_after_a_rollback_what_is_at_rest_is_not_touched(rollback: Rollback):
    rollback.stage.apply("last")
    rollback.stage.bring_to_ready("last")
    names = {*AT_REST, "ledger", "ended", "waits", "after"}
    kept = {key: each for key, each in rollback.objects.items() if belongs_to(each) in names}
    assert {key: version(each) for key, each in kept.items()} == versions_of(rollback.stage.api, names)


def test_after_a_rollback_a_run_at_work_is_adopted_and_lets_the_held_pod_go(rollback: Rollback, upgrade: Upgrade):
    stage, job = rollback.stage, job_of(rollback.stage, "second")
    stage.kubelet.finish(job, done())
    stage.until_true("Ready", "UpToDate", "second")
    stage.until("The pod is free", lambda: not upgrade.app.is_held("held"))
    assert stage.jobs("second") == [job]


def test_no_pass_of_either_operator_failed(rollback: Rollback, upgrade: Upgrade):
    for operator in (upgrade.stage.operator, rollback.stage.operator):
        assert [word for word in ("pass failed", "Traceback") if word in operator.said()] == []


def belongs_to(body: dict[str, Any]) -> str:
    """Return the migration that an object is about."""
    metadata = body["metadata"]
    about = body.get("involvedObject", {}).get("name", "")
    return str(metadata.get("labels", {}).get("revgate.io/run-of") or about or metadata["name"])


def version(body: dict[str, Any]) -> tuple[str, str]:
    return body["metadata"]["uid"], body["metadata"]["resourceVersion"]


def versions_of(api: Api, names: set[str]) -> dict[tuple[str, str], tuple[str, str]]:
    return {key: version(each) for key, each in objects_of(api).items() if belongs_to(each) in names}


def uid(upgrade: Upgrade, kind: str, name: str) -> str:
    return str(upgrade.objects[kind, name]["metadata"]["uid"])


def administrator(upgrade: Upgrade) -> str:
    told = upgrade.release.api.kubectl("auth", "whoami", "-o", "json")
    return str(json.loads(told)["status"]["userInfo"]["username"])
