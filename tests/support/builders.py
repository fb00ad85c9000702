"""Builders of what the operator sees: a test names what matters to it, everything else is usual.

Values for decisions (`migration`, `run`, `pod`, `snapshot`), and bodies as the API server gives them (`job_body`,
`pod_body`) for what reads them.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from revgate.contract import names
from revgate.contract.exits import EXIT_TABLE, Exit
from revgate.contract.planned import PlanDocument, PlannedRevision
from revgate.contract.reasons import Reason
from revgate.contract.report import Report, encode_report
from revgate.control.deciding.inputs import (
    inputs_of,
    inputs_of_downgrade,
    inputs_of_inspection,
    inputs_of_plan,
    inputs_of_planning,
)
from revgate.control.deciding.kinds import Kind
from revgate.control.observing.plans import plan_name, plan_of
from revgate.control.observing.snapshot import Key, Malformed, Migration, Plan, Pod, Run, Snapshot, Terminated, Waiting
from revgate.control.resource.record import Status
from revgate.control.resource.spec import Spec
from revgate.control.runs.job import Try, build_job

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
BUNDLED = "registry.example/revgate-runner:1"
DIGEST = "sha256:" + "ab" * 32
UID = "11111111-1111-1111-1111-111111111111"
EARLIER_UID = "22222222-2222-2222-2222-222222222222"
URL_FROM = {"secretKeyRef": {"name": "ledger-db", "key": "url"}}


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def spec(**fields: Any) -> Spec:
    return Spec.model_validate({"image": "ledger:1", "database": {"urlFrom": URL_FROM}} | fields)


def migration(
    asked: Spec | Malformed | None = None,
    *,
    name: str = "ledger",
    uid: str = UID,
    generation: int = 1,
    retry: str = "",
    status: Status | None = None,
) -> Migration:
    return Migration(
        key=Key("shop", name),
        uid=uid,
        generation=generation,
        spec=asked or spec(),
        retry_token=retry,
        status=status or Status(),
    )


def snapshot(
    of: Migration, *runs: Run, now: datetime = NOW, image: str = BUNDLED, plans: tuple[Plan, ...] = ()
) -> Snapshot:
    return Snapshot(now=now, migration=of, runs=runs, image=image, plans=plans)


DOCUMENT = PlanDocument(
    schema="public",
    table="alembic_version",
    before=("0001",),
    target=("0002",),
    destructive=True,
    revisions=(PlannedRevision("0002", "Drop it", "cd" * 32, "DROP TABLE t;", destroys=("table t",)),),
)


def planning(of: Migration) -> str:
    """The inputs of the run that only tells what a migration would do."""
    assert isinstance(of.spec, Spec)
    return inputs_of_planning(inputs_of(of, of.spec, BUNDLED))


def looking(of: Migration) -> dict[str, Any]:
    """What makes a run one that looks for drift."""
    assert isinstance(of.spec, Spec)
    return {"inputs": inputs_of_inspection(inputs_of(of, of.spec, BUNDLED)), "kind": Kind.INSPECT}


def going_down(of: Migration) -> dict[str, Any]:
    """What makes a run one that downgrades."""
    assert isinstance(of.spec, Spec)
    return {"inputs": inputs_of_downgrade(of, of.spec), "kind": Kind.DOWNGRADE}


def carrying_out(of: Migration, plan: Plan) -> str:
    """The inputs of the run that carries out a plan."""
    assert isinstance(of.spec, Spec)
    return inputs_of_plan(inputs_of(of, of.spec, BUNDLED), plan.name)


def told(of: Migration, document: PlanDocument | None = DOCUMENT, **fields: Any) -> Run:
    """A plan run that has ended, with what it told."""
    said = report(reason=Reason.PLANNED, current=("0001",), pending=("0002",), pending_count=1, plan="ab" * 32)
    usual = {"inputs": planning(of), "kind": Kind.PLAN, "document": document}
    return reported(of, 0, said=said, **(usual | fields))


def plan(of: Migration, **fields: Any) -> Plan:
    """The SchemaPlan that follows from what `told` told."""
    assert isinstance(of.spec, Spec)
    spec = plan_of(of, of.spec, DOCUMENT, f"ledger:1@{DIGEST}").model_copy(update=fields)
    name = plan_name(of, planning(of), spec)
    return Plan(name, "plan-uid", of.uid, planning(of), ago(9), spec)


def later(seen: Snapshot, seconds: float, *runs: Run) -> Snapshot:
    """The same migration some time later, with these runs and no others."""
    return replace(seen, now=seen.now + timedelta(seconds=seconds), runs=runs)


def pod(
    *,
    started: float | None = None,
    exited: int | None = None,
    ended: float = 10,
    reason: str = "",
    message: str = "",
    waiting: Waiting | None = None,
    evicted: str = "",
    gone: bool = False,
) -> Pod:
    """A pod; times are seconds ago."""
    over = None
    if exited is not None:
        over = Terminated(exited, reason or ("Completed" if exited == 0 else "Error"), message, ago(ended))
    return Pod(
        name="ledger-pod",
        uid="pod-uid",
        job="ledger-job",
        created_at=ago(60),
        started_at=None if started is None else ago(started),
        terminated=over,
        waiting=waiting,
        image=f"ledger:1@{DIGEST}",
        evicted=evicted,
        gone=gone,
    )


def run(of: Migration, *, attempt: int = 1, created: float = 60, inputs: str = "", **fields: Any) -> Run:
    """A Job of a migration whose pod has not shown up; `created` is in seconds ago."""
    if not inputs and isinstance(of.spec, Spec):
        inputs = inputs_of(of, of.spec, BUNDLED)
    usual: dict[str, Any] = {
        "job": f"ledger-{inputs[:4]}-{attempt}",
        "job_uid": f"job-{inputs[:4]}-{attempt}",
        "uid": of.uid,
        "inputs": inputs,
        "attempt": attempt,
        "created_at": ago(created),
    }
    return Run(**(usual | fields))


def waiting(of: Migration, why: str, message: str, **fields: Any) -> Run:
    return run(of, pod=pod(waiting=Waiting(why, message)), **fields)


def at_work(of: Migration, **fields: Any) -> Run:
    return run(of, pod=pod(started=30), **fields)


def reported(of: Migration, code: int, *, ended: float = 10, evicted: str = "", said: Any = None, **fields: Any) -> Run:
    """A run whose runner left a report."""
    left = said or report(code)
    over = pod(started=30, exited=code, ended=ended, message=encode_report(left), evicted=evicted)
    return run(of, pod=over, report=left, **fields)


def silent(of: Migration, code: int, *, reason: str = "", message: str = "", ended: float = 10, **fields: Any) -> Run:
    """A run whose container ended without a report."""
    return run(of, pod=pod(started=30, exited=code, ended=ended, reason=reason, message=message), **fields)


def report(code: int = Exit.DONE, **fields: Any) -> Report:
    known = EXIT_TABLE.get(code)
    usual: dict[str, Any] = {"exit": code, "message": f"Runner exited {code}", "read": True}
    usual["reason"] = known.reason if known else EXIT_TABLE[Exit.BUG].reason
    usual |= {"before": ("0001",), "current": ("0002",), "target": ("0002",)} if code == Exit.DONE else {}
    return Report(**(usual | fields))


def time_of(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def job_body(of: Migration, *, attempt: int = 1, failures: int = 0, **status: Any) -> dict[str, Any]:
    """A Job as the API server gives it back; `status` as the Job controller writes it."""
    assert isinstance(of.spec, Spec)
    body = build_job(of, of.spec, BUNDLED, Try(inputs_of(of, of.spec, BUNDLED), attempt, failures))
    body["metadata"] |= {"uid": f"job-uid-{attempt}", "creationTimestamp": time_of(ago(60)), "resourceVersion": "7"}
    return body | {"status": status}


def pod_body(
    container: dict[str, Any] | None = None, *, phase: str = "Pending", labels: Any = None, **status: Any
) -> dict[str, Any]:
    """A pod as a kubelet leaves it; `container` is the state of the container migrate."""
    statuses = [{"name": names.CONTAINER, "image": "ledger:1", "imageID": f"docker.io/library/ledger@{DIGEST}"}]
    if container is not None:
        statuses[0] |= {"state": container}
    return {
        "metadata": {
            "name": "ledger-pod",
            "namespace": "shop",
            "uid": "pod-uid",
            "creationTimestamp": time_of(ago(50)),
            "labels": labels or {"batch.kubernetes.io/job-name": "ledger-job"},
        },
        "status": {"phase": phase, "containerStatuses": statuses} | status,
    }


def terminated(code: int, reason: str = "Error", message: str = "") -> dict[str, Any]:
    times = {"startedAt": time_of(ago(30)), "finishedAt": time_of(ago(10))}
    return {"terminated": {"exitCode": code, "reason": reason, "message": message} | times}
