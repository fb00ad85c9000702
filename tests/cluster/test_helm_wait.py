"""`helm upgrade --wait` over a SchemaMigration: it waits, goes on, and fails at once, as the operator's status says."""

from pathlib import Path

import pytest

from revgate.contract.exits import Exit
from revgate.contract.planned import digest_of, encode_plan
from revgate.contract.reasons import Reason
from support.builders import DOCUMENT
from support.cluster import Cluster
from support.node import Node
from support.plugin import Plugin, grant
from support.stage import Stage, done, report
from support.waiting_release import Release, ended

pytest_plugins = ["support.operator_fixtures", "support.plugin_fixtures"]

DBA = "dba@example.com"
NEXT = "registry.example/ledger:1.3.0"


@pytest.fixture
def release(crd: Cluster, stage: Stage, tmp_path: Path) -> Release:
    return Release(crd, stage.api.namespace, tmp_path)


def tell(stage: Stage, node: Node, job: str) -> None:
    """Let a plan run tell its plan: in the log, with the digest in its report."""
    lines = encode_plan(DOCUMENT)
    pod = stage.kubelet.pod_of(job)
    node.take(stage.api, pod)
    node.logs[pod, "migrate"] = "".join(f"{line}\n" for line in lines)
    heads = {"before": ("0001",), "current": ("0001",), "target": ("0002",), "pending": ("0002",), "pending_count": 1}
    said = report(Exit.DONE, reason=Reason.PLANNED, read=True, plan=digest_of(lines), **heads)
    stage.kubelet.finish(job, said)


def test_an_installation_goes_on_when_the_migration_is_ready(stage: Stage, release: Release):
    with release.waiting() as helm:
        job = stage.next_job()
        stage.kubelet.start(job)
        stage.until_true("Reconciling", "Running")
        assert helm.poll() is None
        stage.kubelet.finish(job, done())
        assert ended(helm)[0] == 0


def test_a_failed_revision_fails_the_upgrade_at_once_and_the_mended_image_ends_it_well(stage: Stage, release: Release):
    with release.waiting() as helm:
        first = stage.bring_to_ready()
        assert ended(helm)[0] == 0
    with release.waiting("10m", image=NEXT) as helm:
        second = stage.next_job(first)
        stage.kubelet.finish(second, report(Exit.REVISION_FAILED, message="Revision 0003 failed: no such table"))
        code, said = ended(helm)
    assert code == 1
    assert "status: Failed, message: Revision 0003 failed: no such table" in said
    with release.waiting(image="registry.example/ledger:1.3.1") as helm:
        stage.bring_to_ready("ledger", first, second)
        assert ended(helm)[0] == 0


def test_a_rollback_is_over_when_the_database_is_ahead(stage: Stage, release: Release, crd: Cluster):
    with release.waiting() as helm:
        first = stage.bring_to_ready()
        assert ended(helm)[0] == 0
    with release.waiting(image=NEXT) as helm:
        second = stage.bring_to_ready("ledger", first)
        assert ended(helm)[0] == 0
    release.cluster.helm("rollback", "ledger", "1", "--namespace", release.namespace)
    third = stage.next_job(first, second)
    stage.kubelet.finish(third, done("0002", "0002", reason=Reason.DATABASE_AHEAD))
    stage.until_true("Ready", "DatabaseAhead")
    release.cluster.helm("rollback", "ledger", "1", "--namespace", release.namespace, "--wait", "--timeout", "20s")


def test_while_an_approval_is_missing_helm_waits_and_its_last_words_say_for_what(
    stage: Stage, release: Release, node: Node
):
    stage.apply(approval="Always")
    tell(stage, node, stage.next_job())
    stage.until_true("Reconciling", "AwaitingApproval")
    with release.waiting("3s", "--take-ownership", approval="Always") as helm:
        code, said = ended(helm)
    assert code == 1
    assert "status: InProgress, message: Plan ledger-" in said
    assert "approve it: kubectl revgate approve ledger" in said


def test_an_approval_by_the_plugin_lets_the_operator_and_helm_go_on(
    stage: Stage, release: Release, node: Node, revgate: Plugin, crd: Cluster
):
    grant(crd, stage.api, DBA, {"schemaplans": ["get", "patch"], "schemamigrations": ["get"]})
    with release.waiting(approval="Destructive") as helm:
        first = stage.next_job()
        tell(stage, node, first)
        stage.until_true("Reconciling", "AwaitingApproval")
        assert "DROP TABLE t;" in revgate.ok("plan", "ledger").out
        assert "Next       A person approves it or rejects it; " in revgate.ok("status", "ledger").out
        revgate.ok("approve", "ledger", "--yes", "--as", DBA)
        second = stage.next_job(first)
        assert helm.poll() is None
        stage.kubelet.finish(second, done())
        assert ended(helm)[0] == 0
    assert f"Approval   Approved by {DBA} " in revgate.ok("plan", "ledger").out


def test_a_rejection_by_the_plugin_fails_the_upgrade_with_its_reason(
    stage: Stage, release: Release, node: Node, revgate: Plugin
):
    with release.waiting(approval="Always") as helm:
        tell(stage, node, stage.next_job())
        stage.until_true("Reconciling", "AwaitingApproval")
        revgate.ok("reject", "ledger", "--yes", "--why", "not on a Friday")
        code, said = ended(helm)
    assert code == 1
    assert "status: Failed" in said
    assert "not on a Friday" in said
    assert "Next       Nothing by itself; a new image, a new target or " in revgate.ok("status", "ledger").out
