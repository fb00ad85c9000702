"""Kubernetes' dicts turned into frozen values, at the rim: nothing further in touches a dict."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from revgate.contract import names
from revgate.contract.report import decode_report
from revgate.control.kinds import Kind
from revgate.control.record import Status
from revgate.control.snapshot import Key, Malformed, Migration, Pod, Run, Terminated, Waiting
from revgate.control.spec import Spec

Body = Mapping[str, Any]


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
        finished_at=_time(over.get("lastTransitionTime")) if over else None,
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


def read_pod(body: Body) -> Pod:
    """Return a pod as far as its migrate container tells."""
    metadata, status = body["metadata"], body.get("status") or {}
    container = _container_status(status)
    state = container.get("state") or {}
    over = state.get("terminated") or {}
    terminated = _terminated(over)
    init = _unfinished_init(status)
    return Pod(
        name=metadata["name"],
        uid=metadata["uid"],
        job=(metadata.get("labels") or {}).get("batch.kubernetes.io/job-name", ""),
        created_at=_required_time(metadata["creationTimestamp"]),
        started_at=_time(over.get("startedAt")) or _time((state.get("running") or {}).get("startedAt")),
        terminated=terminated,
        waiting=None if terminated else _waiting(status, init.get("state") or state),
        image=_image(container),
        evicted=_evicted(status),
        gone=terminated is None and status.get("phase") in ("Failed", "Succeeded"),
        failed_init=_failed_init(init) if status.get("phase") == "Failed" else None,
        is_initializing="running" in (init.get("state") or {}),
    )


def _newest_pod(bodies: Iterable[Body]) -> Pod | None:
    return max(map(read_pod, bodies), key=lambda pod: pod.created_at, default=None)


def _spec(spec: Any) -> Spec | Malformed:
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


def _container_status(status: Body) -> Body:
    statuses = status.get("containerStatuses") or ()
    return next((each for each in statuses if each["name"] == names.CONTAINER), {})


def _unfinished_init(status: Body) -> Body:
    """The first init container that has not ended well, nor is a sidecar that has started; empty when all have."""
    for each in status.get("initContainerStatuses") or ():
        ended = (each.get("state") or {}).get("terminated")
        if not each.get("started") and (ended is None or ended.get("exitCode") != 0):
            found: Body = each
            return found
    return {}


def _failed_init(init: Body) -> Terminated | None:
    ended = (init.get("state") or {}).get("terminated")
    return Terminated(int(ended["exitCode"]), init["name"], "", _time(ended.get("finishedAt"))) if ended else None


def _terminated(over: Body) -> Terminated | None:
    if not over:
        return None
    return Terminated(
        exit_code=int(over.get("exitCode", -1)),
        reason=str(over.get("reason", "")),
        message=str(over.get("message", "")),
        finished_at=_time(over.get("finishedAt")),
    )


def _waiting(status: Body, state: Body) -> Waiting | None:
    if state.get("waiting"):
        return Waiting(str(state["waiting"].get("reason", "")), str(state["waiting"].get("message", "")))
    for condition in status.get("conditions") or ():
        if condition["type"] == "PodScheduled" and condition.get("reason") == "Unschedulable":
            return Waiting("Unschedulable", str(condition.get("message", "")))
    return None


def _evicted(status: Body) -> str:
    if status.get("reason") == "Evicted":
        return str(status.get("message", "the node was short of resources"))
    for condition in status.get("conditions") or ():
        if condition["type"] == "DisruptionTarget" and condition["status"] == "True":
            return str(condition.get("message") or condition.get("reason"))
    return ""


def _image(container: Body) -> str:
    """The image as the spec says it, with the digest that the kubelet found."""
    image, found = str(container.get("image", "")), str(container.get("imageID", ""))
    _, at, digest = found.rpartition("@")
    return f"{image.partition('@')[0]}@{digest}" if at and image else image


def _number(label: str | None) -> int:
    return int(label) if label and label.isdigit() else 0


def _kind(label: str | None) -> Kind:
    return Kind(label) if label in tuple(Kind) else Kind.APPLY  # Jobs of before had no such label


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _required_time(text: str) -> datetime:
    return datetime.fromisoformat(text)
