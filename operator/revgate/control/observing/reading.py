"""Kubernetes' dicts turned into frozen values, at the rim: nothing further in touches a dict."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from pydantic import ValidationError

from revgate.contract import names
from revgate.contract.report import decode_report
from revgate.control.deciding.kinds import Kind
from revgate.control.observing.pod_reading import read_pod
from revgate.control.observing.snapshot import Key, Malformed, Migration, Pod, Run
from revgate.control.resource.moments import moment
from revgate.control.resource.record import MOST_COUNTED, Status
from revgate.control.resource.spec import Spec
from revgate.control.watching.nesting import MOST_LEVELS, levels

Body = Mapping[str, Any]

_MOST_LEVELS: Final = MOST_LEVELS // 2  # what has been cut off must not look as if it had never been there


def read_migration(body: Body) -> Migration:
    """Return the resource; a spec or status that these types cannot read does not stop the operator."""
    metadata = body["metadata"]
    return Migration(
        key=Key(metadata["namespace"], metadata["name"]),
        uid=metadata["uid"],
        generation=int(metadata.get("generation", 0)),
        spec=_spec(body.get("spec")),
        retry_token=str((metadata.get("annotations") or {}).get(names.RETRY, "")),
        status=_status(body.get("status")),
        is_deleted="deletionTimestamp" in metadata,
    )


def key_of_run(body: Body) -> Key | None:
    """Return the migration that a Job or pod belongs to, by its label."""
    metadata = body["metadata"]
    name = (metadata.get("labels") or {}).get(names.RUN_OF)
    return Key(metadata["namespace"], name) if name else None


def read_run(job: Body, pods: Iterable[Body]) -> Run:
    """Return a Job with its pod, and with the report that the pod left."""
    metadata, status = job["metadata"], job.get("status") or {}
    labels = metadata.get("labels") or {}
    over = _final_condition(status)
    pod = _newest_pod(pods)
    return Run(
        job=metadata["name"],
        job_uid=metadata["uid"],
        uid=labels.get(names.UID, ""),
        inputs=labels.get(names.INPUTS, ""),
        database=labels.get(names.DATABASE, ""),
        attempt=_number(labels.get(names.ATTEMPT)),
        failures=_number(labels.get(names.FAILURES)),
        kind=_kind(labels.get(names.RUN_KIND)),
        plan=labels.get(names.PLAN, ""),
        created_at=_required_time(metadata["creationTimestamp"]),
        finished_at=moment(over.get("lastTransitionTime")) if over else None,
        succeeded=bool(over and over["type"] == "Complete"),
        note=str(over.get("message", "")) if over else "",
        deleting="deletionTimestamp" in metadata,
        pod=pod,
        report=decode_report(pod.terminated.message) if pod and pod.terminated else None,
    )


def read_orphan(pods: Iterable[Body]) -> Run | None:
    """Return the run of a pod whose Job somebody deleted: it is waited for, and its report is taken over, too."""
    pod = _newest_pod(pods)
    newest = max(pods, key=lambda body: str(body["metadata"]["creationTimestamp"]), default=None)
    if pod is None or newest is None:
        return None
    labels = newest["metadata"].get("labels") or {}
    return Run(
        job=pod.job,
        job_uid=str(labels.get("batch.kubernetes.io/controller-uid", "")),
        uid=labels.get(names.UID, ""),
        inputs=labels.get(names.INPUTS, ""),
        database=labels.get(names.DATABASE, ""),
        attempt=_number(labels.get(names.ATTEMPT)),
        failures=_number(labels.get(names.FAILURES)),
        kind=_kind(labels.get(names.RUN_KIND)),
        plan=labels.get(names.PLAN, ""),
        created_at=pod.created_at,
        deleting=True,
        pod=pod,
        report=decode_report(pod.terminated.message) if pod.terminated else None,
    )


def _newest_pod(bodies: Iterable[Body]) -> Pod | None:
    return max(map(read_pod, bodies), key=lambda pod: pod.created_at, default=None)


def _spec(spec: Any) -> Spec | Malformed:
    fields = spec if isinstance(spec, Mapping) else {}
    deep = next((name for name, value in fields.items() if levels(value, _MOST_LEVELS) > _MOST_LEVELS), None)
    if deep:
        return Malformed(f"Field spec.{deep} is not valid: it is nested deeper than {_MOST_LEVELS} levels; mend it")
    try:
        return Spec.model_validate(spec)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in ("spec", *first["loc"]))
        return Malformed(f"Field {field} is not valid: {first['msg']}; mend it")


def _status(status: Any) -> Status:
    try:
        return Status.model_validate(status or {})
    except ValidationError:
        return Status()  # somebody else wrote it; everything in it can be observed again


def _final_condition(status: Body) -> Body | None:
    finals = [
        c for c in status.get("conditions") or () if c["type"] in ("Complete", "Failed") and c["status"] == "True"
    ]
    return finals[0] if finals else None


def _number(label: str | None) -> int:
    number = int(label) if label and label.isdigit() else 0
    return number if number <= MOST_COUNTED else 0


def _kind(label: str | None) -> Kind:
    return Kind(label) if label in tuple(Kind) else Kind.APPLY  # Jobs of before had no such label


def _required_time(text: str) -> datetime:
    return datetime.fromisoformat(text)
