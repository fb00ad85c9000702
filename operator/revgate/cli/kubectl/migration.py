"""A SchemaMigration as the API server gives it, taken apart once: the verbs know no field names."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from revgate.cli.kubectl.moments import moment

Revisions = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Condition:
    """One of Ready, Reconciling and Stalled."""

    status: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Run:
    """The newest run; `state` is Unstarted, Started or Finished."""

    job: str
    attempt: int
    state: str
    started_at: datetime | None
    finished_at: datetime | None
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Drift:
    """What the last look for drift saw."""

    checked_at: datetime | None
    is_detected: bool
    message: str


@dataclass(frozen=True, slots=True)
class Past:
    """A finished run of the history."""

    job: str
    outcome: str
    reason: str
    before: Revisions
    after: Revisions
    image: str
    plan: str
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Migration:
    """What a person may want to know. `is_seen` is whether the operator has looked at the newest spec."""

    namespace: str
    name: str
    created_at: datetime | None
    is_deleted: bool
    is_seen: bool
    is_suspended: bool
    conditions: Mapping[str, Condition]
    current: Revisions
    target: Revisions
    pending: Revisions
    pending_count: int | None
    served: Revisions
    floor: str
    leaving: Revisions
    next_floor: str
    observed_at: datetime | None
    observed_by: str
    image: str
    plan: str
    run: Run | None
    next_retry: datetime | None
    drift: Drift | None
    history: tuple[Past, ...]

    @property
    def address(self) -> str:
        """Its name as a command takes it, to be copied whatever namespace a shell is in."""
        return f"{self.name} -n {self.namespace}"

    @property
    def ready(self) -> Condition:
        """The condition Ready, which has the reason and the message of all three."""
        return self.conditions.get("Ready", Condition("Unknown", "Pending", "The operator has written no status yet"))

    @property
    def is_stalled(self) -> bool:
        """Whether a human must act."""
        stalled = self.conditions.get("Stalled")
        return stalled is not None and stalled.status == "True"


def migration_of(body: Mapping[str, Any]) -> Migration:
    """Return the migration in a body."""
    metadata, spec, status = body["metadata"], body.get("spec", {}), body.get("status", {})
    floor = status.get("nextFloor") or {}
    return Migration(
        namespace=metadata["namespace"],
        name=metadata["name"],
        created_at=moment(metadata.get("creationTimestamp")),
        is_deleted="deletionTimestamp" in metadata,
        is_seen=status.get("observedGeneration") == metadata.get("generation"),
        is_suspended=bool(spec.get("suspend")),
        conditions={each["type"]: _condition(each) for each in status.get("conditions", ())},
        current=tuple(status.get("currentRevisions", ())),
        target=tuple(status.get("targetRevisions", ())),
        pending=tuple(status.get("pendingRevisions", ())),
        pending_count=status.get("pendingCount"),
        served=tuple(status.get("servedRevisions", ())),
        floor=status.get("floor", ""),
        leaving=tuple(floor.get("ends", ())) if floor.get("withdrawn") or floor.get("unsure") else (),
        next_floor=floor.get("floor", ""),
        observed_at=moment(status.get("observedAt")),
        observed_by=status.get("observedBy", {}).get("job", ""),
        image=status.get("observedImage", ""),
        plan=status.get("plan") or "",
        run=_run(status["run"]) if status.get("run") else None,
        next_retry=moment(status.get("nextRetryTime")),
        drift=_drift(status["drift"]) if status.get("drift") else None,
        history=tuple(_past(each) for each in status.get("history", ())),
    )


def _condition(body: Mapping[str, Any]) -> Condition:
    return Condition(body["status"], body.get("reason", ""), body.get("message", ""))


def _run(body: Mapping[str, Any]) -> Run:
    return Run(
        job=body["job"],
        attempt=body.get("attempt", 1),
        state=body["state"],
        started_at=moment(body.get("startedAt")),
        finished_at=moment(body.get("finishedAt")),
        reason=body.get("reason") or "",
        message=body.get("message", ""),
    )


def _drift(body: Mapping[str, Any]) -> Drift:
    return Drift(moment(body.get("checkedAt")), bool(body.get("detected")), body.get("message", ""))


def _past(body: Mapping[str, Any]) -> Past:
    return Past(
        job=body["job"],
        outcome=body["outcome"],
        reason=body["reason"],
        before=tuple(body.get("from", ())),
        after=tuple(body.get("to", ())),
        image=body.get("image", ""),
        plan=body.get("plan") or "",
        started_at=moment(body.get("startedAt")),
        finished_at=moment(body.get("finishedAt")),
    )
