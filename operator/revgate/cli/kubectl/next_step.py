"""What happens next with a migration, and what a person can do about it. Pure: the first check that fires wins."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from revgate.cli.kubectl.migration import Migration
from revgate.cli.kubectl.moments import length
from revgate.contract import names
from revgate.contract.reasons import Reason

OPERATOR: Final = "`kubectl get pods -A -l app.kubernetes.io/name=revgate`"
"""How to see whether the operator runs."""


@dataclass(frozen=True, slots=True)
class Next:
    """What happens, and how to see it, to help it on, or to hasten it."""

    what: str
    how: str = ""

    def __str__(self) -> str:
        return f"{self.what}; {self.how}" if self.how else self.what


def next_step(migration: Migration, now: datetime) -> Next:
    """Return what the operator does next, and when."""
    return next((step for check in _CHECKS if (step := check(migration, now))), Next("The operator goes on with it"))


def _is_deleted(migration: Migration, _: datetime) -> Next | None:
    return Next("It is being deleted", "a run that has started goes on to its end") if migration.is_deleted else None


def _is_not_seen(migration: Migration, _: datetime) -> Next | None:
    if migration.is_seen:
        return None
    return Next("The operator looks at the newest spec", f"if it does not, see whether it runs: {OPERATOR}")


def _is_planned(migration: Migration, _: datetime) -> Next | None:
    if migration.ready.reason != Reason.PLANNED:
        return None
    return Next("Nothing is applied in mode Plan", f"`kubectl revgate plan {migration.address}` shows what would be")


def _is_ready(migration: Migration, _: datetime) -> Next | None:
    return Next("Nothing, until the spec changes") if migration.ready.status == "True" else None


def _is_at_work(migration: Migration, _: datetime) -> Next | None:
    run = migration.run
    if run is None or run.state != "Started":
        return None
    return Next(f"Job {run.job} ends by itself", f"`kubectl revgate logs {migration.address} -f` follows it")


def _is_suspended(migration: Migration, _: datetime) -> Next | None:
    if not migration.is_suspended:
        return None
    return Next("Nothing is started", f"`kubectl revgate resume {migration.address}` lets it go on")


def _waits_for_approval(migration: Migration, _: datetime) -> Next | None:
    if migration.ready.reason != Reason.AWAITING_APPROVAL:
        return None
    see = f"`kubectl revgate plan {migration.address}` shows what would run"
    return Next("A person approves it or rejects it", f"{see}, `kubectl revgate approve {migration.address}` lets it")


def _waits_for_pods(migration: Migration, _: datetime) -> Next | None:
    if migration.ready.reason != Reason.WAITING_FOR_OLD_PODS:
        return None
    see = f"`kubectl get pods -n {migration.namespace} -l {names.MIGRATION}={migration.name}`"
    return Next("Goes on when these pods are gone", f"{see} shows them, spec.floors: Apply does not wait")


def _was_rejected(migration: Migration, _: datetime) -> Next | None:
    if migration.ready.reason != Reason.PLAN_REJECTED:
        return None
    return Next(
        "Nothing by itself",
        f"a new image, a new target or `kubectl revgate retry {migration.address}` makes a new plan",
    )


def _is_stalled(migration: Migration, _: datetime) -> Next | None:
    if not migration.is_stalled:
        return None
    return Next("Nothing by itself", f"mend what the message names, then `kubectl revgate retry {migration.address}`")


def _is_tried_again(migration: Migration, now: datetime) -> Next | None:
    at = migration.next_retry
    if at is None:
        return None
    when = f"in {length((at - now).total_seconds())}" if at > now else "now"
    return Next(f"Tried again {when}", f"`kubectl revgate retry {migration.address}` tries at once")


def _is_started(migration: Migration, _: datetime) -> Next | None:
    run = migration.run
    if run is None or run.state != "Unstarted":
        return None
    see = f"`kubectl describe pod -n {migration.namespace} -l batch.kubernetes.io/job-name={run.job}`"
    return Next(f"Job {run.job} starts its container", f"{see} shows what it waits for")


_CHECKS: Final[tuple[Callable[[Migration, datetime], Next | None], ...]] = (
    _is_deleted,
    _is_not_seen,
    _is_planned,
    _is_ready,
    _is_at_work,
    _is_suspended,
    _waits_for_approval,
    _waits_for_pods,
    _was_rejected,
    _is_stalled,
    _is_tried_again,
    _is_started,
)
