"""What a decision does to the cluster: create or adopt a Job, or delete one that never started."""

from dataclasses import dataclass
from typing import Final, assert_never

import structlog

from revgate.contract import names
from revgate.contract.exits import Next
from revgate.contract.reasons import Reason
from revgate.control.cluster import ApiFailure, Body, Cluster
from revgate.control.deciding.decision import (
    Again,
    Await,
    AwaitPods,
    Decision,
    Discard,
    Done,
    Hold,
    Inspecting,
    Progress,
    Remove,
    Stall,
    Start,
    Tell,
    Unseen,
    Withdraw,
)
from revgate.control.deciding.endings import Ended, state_of
from revgate.control.deciding.kinds import Kind
from revgate.control.observing.plans import plan_body
from revgate.control.observing.snapshot import Key, Malformed, Run, Snapshot
from revgate.control.runs.job import Try, build_job

_KEPT_JOBS: Final = 3
_KEPT_PLANS: Final = 10
_MOST_CHARACTERS: Final = 600
_CONFLICT: Final = 409
_FORBIDDEN: Final = 403
_NOT_VALID: Final = (400, 422)
_TOO_LARGE: Final = 413
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Refused:
    """The API server did not take the Job; `ended` says what follows from that."""

    start: Start
    ended: Ended


async def act(cluster: Cluster, snapshot: Snapshot, decision: Decision) -> Refused | None:
    """Carry out a decision. Everything in it may be repeated after a crash."""
    match decision:
        case Start():
            return await _start(cluster, snapshot, decision)
        case Remove(run):
            await remove(cluster, snapshot.migration.key, run)
        case Tell():
            return await _tell(cluster, snapshot, decision)
        case Discard(plan):
            _log.info("plan removed", migration=str(snapshot.migration.key), plan=plan.name)
            await cluster.delete(names.PLANS, snapshot.migration.key.namespace, plan.name, plan.object_uid)
        case (
            Progress()
            | Again()
            | Done()
            | Stall()
            | Hold()
            | Inspecting()
            | Unseen()
            | Await()
            | AwaitPods()
            | Withdraw()
        ):
            pass
        case _:
            assert_never(decision)
    return None


async def remove(cluster: Cluster, key: Key, run: Run) -> None:
    """Delete a Job that is over or never started."""
    _log.info("job removed", migration=str(key), job=run.job)
    await cluster.delete("jobs", key.namespace, run.job, run.job_uid)


async def _start(cluster: Cluster, snapshot: Snapshot, start: Start) -> Refused | None:
    migration = snapshot.migration
    if isinstance(migration.spec, Malformed):
        return None
    this = Try(start.inputs, start.attempt, start.failures, start.kind, start.plan, start.image, start.past, start.rest)
    job = build_job(migration, migration.spec, snapshot.image, this)
    await _clear(cluster, snapshot)
    try:
        await cluster.create("jobs", migration.key.namespace, job)
    except ApiFailure as failure:
        return await _refused(cluster, snapshot, start, job, failure)
    _log.info("job created", migration=str(migration.key), job=job["metadata"]["name"], attempt=start.attempt)
    return None


async def _tell(cluster: Cluster, snapshot: Snapshot, tell: Tell) -> Refused | None:
    """Write a plan down, and remove the oldest ones."""
    migration = snapshot.migration
    try:
        await cluster.create(names.PLANS, migration.key.namespace, plan_body(migration, tell.inputs, tell.plan))
    except ApiFailure as failure:
        if failure.status != _CONFLICT:
            return _plan_refused(snapshot, tell, failure)
    _log.info("plan made", migration=str(migration.key), plan=tell.name)
    for old in snapshot.plans[_KEPT_PLANS:]:
        await cluster.delete(names.PLANS, migration.key.namespace, old.name, old.object_uid)
    return None


def _plan_refused(snapshot: Snapshot, tell: Tell, failure: ApiFailure) -> Refused:
    if failure.status == _FORBIDDEN:
        reason, following, advice = Reason.POD_NOT_CREATED, Next.SLOWLY, "raise the quota or allow it"
    elif failure.status in (*_NOT_VALID, _TOO_LARGE):
        reason, following, advice = Reason.JOB_REFUSED, Next.HUMAN, "plan fewer revisions with targetRevision"
    else:
        raise failure
    message = f"Plan {tell.name} could not be written down: {_cut(failure.message)}; {advice}"
    return Refused(Start(tell.inputs, kind=Kind.PLAN), Ended(reason, following, message, snapshot.now))


async def _clear(cluster: Cluster, snapshot: Snapshot) -> None:
    """Keep the newest few finished Jobs for a person to read; the TTL removes the rest without us."""
    over = [run for run in snapshot.runs if isinstance(state_of(run), Ended) and not run.deleting]
    over.sort(key=lambda run: run.created_at, reverse=True)
    for run in over[_KEPT_JOBS:]:
        await remove(cluster, snapshot.migration.key, run)


async def _refused(
    cluster: Cluster, snapshot: Snapshot, start: Start, job: Body, failure: ApiFailure
) -> Refused | None:
    if failure.status == _CONFLICT:
        return await _adopted(cluster, snapshot, start, job, failure)
    if failure.status == _FORBIDDEN:
        message = (
            f"Job could not be created: {_cut(failure.message)}; raise the quota or allow it, it is then tried again"
        )
        return Refused(start, Ended(Reason.POD_NOT_CREATED, Next.SLOWLY, message, snapshot.now))
    if failure.status in _NOT_VALID:
        message = f"Job was refused by the API server: {_cut(failure.message)}; mend spec.job"
        return Refused(start, Ended(Reason.JOB_REFUSED, Next.HUMAN, message, snapshot.now))
    raise failure


async def _adopted(
    cluster: Cluster, snapshot: Snapshot, start: Start, job: Body, failure: ApiFailure
) -> Refused | None:
    """A Job of this name is there: ours from before a crash, or somebody else's."""
    metadata = job["metadata"]
    there = await cluster.get("jobs", metadata["namespace"], metadata["name"])
    labels = (there or {}).get("metadata", {}).get("labels") or {}
    if there is None:
        raise failure  # a conflict of another kind: a quota that changed at the same moment
    if all(labels.get(label) == metadata["labels"][label] for label in (names.UID, names.INPUTS)):
        return None
    message = f"Job {metadata['name']} belongs to somebody else; delete it"
    return Refused(start, Ended(Reason.JOB_CONFLICT, Next.HUMAN, message, snapshot.now))


def _cut(text: str) -> str:
    """The API server lists everything that is wrong with a template; the first faults are enough for a status."""
    return text if len(text) <= _MOST_CHARACTERS else text[:_MOST_CHARACTERS] + "..."
