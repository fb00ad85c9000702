"""The Job that runs a migration, built from the resource alone."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from revgate.contract import names
from revgate.control.deciding.inputs import database_of, digest
from revgate.control.deciding.kinds import Kind
from revgate.control.observing.snapshot import Migration, Plan
from revgate.control.resource.record import NextFloor
from revgate.control.resource.spec import Spec
from revgate.control.runs.container import build_container, build_hook, volumes_of
from revgate.control.runs.held import with_ours
from revgate.control.runs.overlay import laid_over, placed

_GRACE_SECONDS: Final = 60  # SIGTERM cancels the statement, rolls back and reports
_SECURITY: Final = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
_SHARED_FILES: Final = {"fsGroup": 65532, "fsGroupChangePolicy": "OnRootMismatch"}  # a claim belongs to root at first
_LOGGED: Final = "kubectl.kubernetes.io/default-container"  # else kubectl logs would show the last hook
_NO_EVICTION: Final = {
    "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
    "karpenter.sh/do-not-disrupt": "true",
}


@dataclass(frozen=True, slots=True)
class Try:
    """Which try of which inputs a Job is."""

    inputs: str
    attempt: int
    failures: int
    kind: Kind = Kind.APPLY
    plan: Plan | None = None  # what it carries out
    image: str = ""  # where it is not that of the spec
    past: NextFloor | None = None  # the floor that it may pass
    rest: str = ""  # hash of what is left of the plan, once a run has stopped before a floor


def job_name(migration: Migration, inputs: str, attempt: int) -> str:
    """Return a Job name that only this spec and try can have: at most 40 characters of the name, a hash, the try."""
    key = digest([migration.uid, migration.generation, inputs])[:10]
    return f"{stem_of(migration)}-{key}-{attempt}"


def stem_of(migration: Migration) -> str:
    """Return what the names of a migration's Jobs and plans begin with."""
    return re.sub(r"[^a-z0-9-]", "-", migration.key.name)[:40].rstrip("-")


def series_of(job: str) -> str:
    """Return what the names of all tries of one spec have in common."""
    return job.rpartition("-")[0]


def attempt_of(job: str) -> int:
    """Return the number of the try that a Job's name ends with, 0 where it has none."""
    number = job.rpartition("-")[2]
    return int(number) if number.isascii() and number.isdecimal() else 0


def build_job(migration: Migration, spec: Spec, bundled_image: str, this: Try) -> dict[str, Any]:
    """Return the manifest of a Job; no owner reference, because deleting the migration must not stop its runner."""
    labels = _labels(migration, spec, this)
    name = job_name(migration, this.inputs, this.attempt)
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name,
            "namespace": migration.key.namespace,
            "labels": labels,
        },
        "spec": {
            "backoffLimit": 0,  # the operator alone retries, visibly
            "podReplacementPolicy": "Failed",  # never two pods at once
            "podFailurePolicy": {
                "rules": [{"action": "FailJob", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]
            },
            "ttlSecondsAfterFinished": spec.job.ttl_seconds_after_finished,
            "template": _template(
                _metadata(labels, spec, this), spec, _pod(migration, spec, bundled_image, name, this)
            ),
        },
    }


def _labels(migration: Migration, spec: Spec, this: Try) -> dict[str, str]:
    return {
        names.MANAGED_BY: names.MANAGER,
        names.RUN_OF: migration.key.name,
        names.UID: migration.uid,
        names.INPUTS: this.inputs,
        names.DATABASE: database_of(spec),
        names.ATTEMPT: str(this.attempt),
        names.FAILURES: str(this.failures),
        names.RUN_KIND: this.kind.value,
        **({names.PLAN: this.plan.name} if this.plan else {}),
    }


def _metadata(labels: dict[str, str], spec: Spec, this: Try) -> dict[str, Any]:
    """Return what is ours in the pod's metadata. Only an upgrade has hooks."""
    order = ",".join(spec.hooks.order) if this.kind is Kind.APPLY else ""
    annotations = {names.CONTAINERS: order, _LOGGED: names.CONTAINER}
    return {"labels": labels, **({"annotations": annotations} if order else {})}


def _template(metadata: dict[str, Any], spec: Spec, pod: dict[str, Any]) -> dict[str, Any]:
    ours = {"metadata": {"annotations": _NO_EVICTION}, "spec": pod}
    theirs = spec.job.template.as_json()
    template = laid_over(ours, {**theirs, "spec": placed(theirs.get("spec") or {}, pod, spec.hooks.order)})
    template["metadata"] = laid_over(_without_ours(template.get("metadata") or {}), metadata)
    return {**template, "spec": with_ours(template["spec"], pod)}


def _without_ours(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Nobody but us says which containers are hooks."""
    annotations = metadata.get("annotations")
    if not isinstance(annotations, Mapping) or names.CONTAINERS not in annotations:
        return dict(metadata)
    kept = {name: value for name, value in annotations.items() if name != names.CONTAINERS}
    return {**metadata, "annotations": kept}


def _pod(migration: Migration, spec: Spec, bundled_image: str, job: str, this: Try) -> dict[str, Any]:
    image = this.image or spec.image or bundled_image
    pod = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": _GRACE_SECONDS,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": _SECURITY | (_SHARED_FILES if spec.backup.method != "None" else {}),
        **_containers(spec, this, image, build_container(migration, spec, image, job, _of_this_try(spec, this))),
        "volumes": volumes_of(spec),
    }
    account = spec.job.service_account_name
    return pod | ({"serviceAccountName": account} if account else {})


def _containers(spec: Spec, this: Try, image: str, ours: dict[str, Any]) -> dict[str, Any]:
    """Put hooks and migration one behind the other: only init containers have an order, and a pod needs one more."""
    if this.kind is not Kind.APPLY or not spec.hooks.order:
        return {"containers": [ours]}
    hooks = {hook.name: build_hook(spec, hook, image) for hook in (*spec.hooks.before, *spec.hooks.after)}
    run = [hooks.get(name, ours) for name in spec.hooks.order]
    return {"initContainers": run[:-1], "containers": run[-1:]}


def _of_this_try(spec: Spec, this: Try) -> list[str]:
    """Only tell, or carry out what was told; the runner refuses whatever differs from it."""
    if this.kind is Kind.PLAN:
        return ["--plan"]
    if this.kind is Kind.INSPECT:
        return ["--inspect"]
    if this.kind is Kind.DOWNGRADE:
        return [f"--downgrade={spec.downgrade.to}"]
    return [
        *([f"--approved={this.rest or this.plan.spec.hash}"] if this.plan else []),
        *(["--before-floors"] if spec.floors == "Wait" else []),
        *([f"--past={this.past.revision}"] if this.past else []),
    ]
