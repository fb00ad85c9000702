"""The Job that runs a migration, built from the resource alone."""

import re
from dataclasses import dataclass
from typing import Any, Final

from revgate.contract import names
from revgate.control.inputs import digest
from revgate.control.overlay import laid_over
from revgate.control.snapshot import Migration
from revgate.control.spec import Database, Spec

_GRACE_SECONDS: Final = 60  # SIGTERM cancels the statement, rolls back and reports
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


def job_name(migration: Migration, inputs: str, attempt: int) -> str:
    """Return a Job name that only this spec and try can have: at most 40 characters of the name, a hash, the try."""
    stem = re.sub(r"[^a-z0-9-]", "-", migration.key.name)[:40].rstrip("-")
    key = digest([migration.uid, migration.generation, inputs])[:10]
    return f"{stem}-{key}-{attempt}"


def series_of(job: str) -> str:
    """Return what the names of all tries of one spec have in common."""
    return job.rpartition("-")[0]


def build_job(migration: Migration, spec: Spec, bundled_image: str, this: Try) -> dict[str, Any]:
    """Return the manifest of a Job; no owner reference, because deleting the migration must not stop its runner."""
    labels = _labels(migration, this)
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
            "template": _template(labels, spec, _pod(migration, spec, bundled_image, name)),
        },
    }


def _labels(migration: Migration, this: Try) -> dict[str, str]:
    return {
        names.MANAGED_BY: names.MANAGER,
        names.RUN_OF: migration.key.name,
        names.UID: migration.uid,
        names.INPUTS: this.inputs,
        names.ATTEMPT: str(this.attempt),
        names.FAILURES: str(this.failures),
    }


def _template(labels: dict[str, str], spec: Spec, pod: dict[str, Any]) -> dict[str, Any]:
    ours = {"metadata": {"annotations": _NO_EVICTION}, "spec": pod}
    template = laid_over(ours, spec.job.template.as_json())
    template["metadata"] = laid_over(template.get("metadata") or {}, {"labels": labels})
    return {**template, "spec": _with_ours(template["spec"])}


def _with_ours(pod: dict[str, Any]) -> dict[str, Any]:
    """Take back what a run depends on: one try, time to roll back, no deadline that takes the report with the pod."""
    grace = pod.get("terminationGracePeriodSeconds")
    enough = max(grace, _GRACE_SECONDS) if isinstance(grace, int) else _GRACE_SECONDS
    kept = {field: value for field, value in pod.items() if field != "activeDeadlineSeconds"}
    return kept | {"restartPolicy": "Never", "terminationGracePeriodSeconds": enough}


def _pod(migration: Migration, spec: Spec, bundled_image: str, job: str) -> dict[str, Any]:
    pod = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": _GRACE_SECONDS,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [_container(migration, spec, bundled_image, job)],
        "volumes": [{"name": "tmp", "emptyDir": {}}],
    }
    account = spec.job.service_account_name
    return pod | ({"serviceAccountName": account} if account else {})


def _container(migration: Migration, spec: Spec, bundled_image: str, job: str) -> dict[str, Any]:
    image = spec.image or bundled_image
    return {
        "name": names.CONTAINER,
        "image": image,
        "command": ["revgate", "job"],
        "args": _arguments(spec),
        "env": [*_environment(migration, image, job), *_database(spec.database)],
        "resources": {"requests": {"cpu": "50m", "memory": "96Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "terminationMessagePath": names.TERMINATION_MESSAGE_PATH,
        "terminationMessagePolicy": "File",
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 - the pod's own, the root is read-only
    }


def _arguments(spec: Spec) -> list[str]:
    limits = spec.timeouts
    return [
        f"--target={spec.target_revision}",
        *([] if spec.image else ["--bundled"]),
        f"--runner-timeout={limits.runner}",
        f"--lock-timeout={limits.lock}",
        f"--statement-timeout={limits.statement}",
        f"--total-timeout={limits.total}",
        *([f"--reader={role}" for role in spec.ledger.readers] if spec.ledger.enabled else ["--no-ledger"]),
    ]


def _environment(migration: Migration, image: str, job: str) -> list[dict[str, Any]]:
    return [
        {"name": "HOME", "value": "/tmp"},  # noqa: S108 - a uid without a passwd entry has HOME=/
        {"name": names.JOB_NAME, "value": job},
        {"name": names.IMAGE, "value": image},
        {"name": names.OWNER, "value": f"{migration.key}/{migration.uid}"},
        {"name": names.TERMINATION_MESSAGE, "value": names.TERMINATION_MESSAGE_PATH},
    ]


def _database(database: Database) -> list[dict[str, Any]]:
    """Only references: the kubelet puts the Secret's values in, the operator never sees them."""
    if database.url_from:
        return [{"name": names.DATABASE_URL, "valueFrom": database.url_from.as_json()}]
    plain = {"host": database.host, "port": database.port, "name": database.name, "sslMode": database.ssl_mode}
    secret = {"user": database.user_from, "password": database.password_from}
    return [
        *({"name": names.DATABASE_PARTS[part], "value": str(value)} for part, value in plain.items() if value),
        *(
            {"name": names.DATABASE_PARTS[part], "valueFrom": source.as_json()}
            for part, source in secret.items()
            if source
        ),
    ]
