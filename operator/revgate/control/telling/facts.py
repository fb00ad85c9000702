"""A migration's status in numbers, as far as a metric tells it; whatever a status of another version holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from revgate.control.observing.snapshot import Key
from revgate.control.resource.moments import moment
from revgate.control.resource.record import Outcome, RunState

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Facts:
    """One migration. `stalled` is the reason, or ""; `seconds` and `pending` are None when nobody knows them."""

    key: Key
    is_ready: bool
    stalled: str
    pending: int | None
    seconds: float | None
    retries: int
    failures: Mapping[str, int]

    @classmethod
    def of(cls, key: Key, body: Body, failures: Mapping[str, int]) -> Self:
        """Read a SchemaMigration."""
        status = body.get("status") or {}
        true = {each["type"]: each["reason"] for each in status.get("conditions", ()) if each["status"] == "True"}
        run = status.get("run") or {}
        return cls(
            key=key,
            is_ready="Ready" in true and status.get("observedGeneration") == body["metadata"].get("generation"),
            stalled=true.get("Stalled", ""),
            pending=status.get("pendingCount"),
            seconds=_seconds(run),
            retries=max(0, run.get("attempt", 1) - 1),
            failures=failures,
        )


def failure_of(before: Body | None, after: Body | None) -> str:
    """Return the reason of a run that failed between two states of a migration, or ""."""
    was, now = _ended(before), _ended(after)
    return str(now[-1]) if now and now != was else ""


def _ended(body: Body | None) -> tuple[Any, ...]:
    run = ((body or {}).get("status") or {}).get("run") or {}
    if run.get("state") != RunState.FINISHED or run.get("outcome") != Outcome.FAILED:
        return ()
    return tuple(run.get(name) for name in ("uid", "inputs", "attempt", "finishedAt", "reason"))


def _seconds(run: Mapping[str, Any]) -> float | None:
    started, finished = moment(run.get("startedAt")), moment(run.get("finishedAt"))
    return max(0.0, (finished - started).total_seconds()) if started and finished else None
