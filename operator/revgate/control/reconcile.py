"""One pass over one migration: observe, decide, act, record. The same for every event, and harmless to repeat."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from revgate.contract import names
from revgate.control.act import Refused, act, remove
from revgate.control.cluster import ApiFailure, Body, Cluster
from revgate.control.deciding.decide import decide
from revgate.control.deciding.decision import (
    Again,
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
from revgate.control.deciding.endings import Ended, Started, state_of
from revgate.control.deciding.kinds import Kind
from revgate.control.deciding.latest import newest_of
from revgate.control.deciding.status import status_of
from revgate.control.observing.observe import Observer
from revgate.control.observing.snapshot import Key, Run, Snapshot
from revgate.control.patch import merge_patch
from revgate.control.resource.record import Outcome, RunRecord, RunState, Status
from revgate.control.telling.events import event_of

_SOON = timedelta(seconds=1)
_OVERTAKEN = (404, 409)  # deleted or changed meanwhile: the watch will say so, and the next pass records it
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Reconciler:
    """Brings one migration a step further and says when to look again."""

    cluster: Cluster
    observer: Observer

    async def reconcile(self, key: Key) -> datetime | None:
        """Do one pass; return when to look again even if no event comes."""
        body = self.observer.cache.migration(key)
        if body is None:
            return await self._clean_up(key)
        snapshot, decision = await self._decided(key, dict(body), proven=False)
        if _needs_proof(snapshot, decision):
            body = await self.cluster.get(names.PLURAL, key.namespace, key.name)
            if body is None:
                return await self._clean_up(key)
            snapshot, decision = await self._decided(key, body, proven=True)
        if isinstance(decision, Remove):
            return await self._remove(snapshot, decision, dict(body))
        if isinstance(decision, Start) and decision.kind is Kind.DOWNGRADE:
            if not await self._record(snapshot, decision, dict(body)):
                return snapshot.now + _SOON  # who needs what goes must hear of it before it goes
            body = self.observer.cache.migration(key) or body
        refused = await act(self.cluster, snapshot, decision)
        if refused:
            snapshot = _with_refusal(snapshot, refused)
            decision = decide(snapshot)
        await self._record(snapshot, decision, dict(body))
        return _wake_at(snapshot, decision)

    async def _decided(self, key: Key, body: Body, *, proven: bool) -> tuple[Snapshot, Decision]:
        """Observe and decide; pods of apps are looked at only where the decision hangs on them."""
        snapshot = await self.observer.observe(key, body, proven=proven)
        decision = decide(snapshot)
        if not isinstance(decision, AwaitPods):
            return snapshot, decision
        snapshot = await self.observer.with_apps(snapshot)
        return snapshot, decide(snapshot)

    async def _remove(self, snapshot: Snapshot, decision: Remove, body: Body) -> datetime:
        """Write why first: after the Job is gone, nothing else would tell."""
        if await self._record(snapshot, decision, body):
            await act(self.cluster, snapshot, decision)
        return snapshot.now + _SOON

    async def _record(self, snapshot: Snapshot, decision: Decision, body: Body) -> bool:
        """Write the status once, if it differs, then tell the world what changed; False if somebody was faster."""
        key = snapshot.migration.key
        old, new = body.get("status") or {}, status_of(snapshot, decision)
        patch = merge_patch(old, new.as_json())
        if not patch:
            return True
        try:
            version = body["metadata"]["resourceVersion"]
            written = await self.cluster.patch_status(names.PLURAL, key.namespace, key.name, patch, version)
        except ApiFailure as failure:
            if failure.status in _OVERTAKEN:
                return False
            raise
        self.observer.cache.migrations.renew(key, written)
        await self._tell(snapshot, body, new)
        return True

    async def _tell(self, snapshot: Snapshot, body: Body, new: Status) -> None:
        event = event_of(snapshot, new, body)
        if event is None:
            return
        key = snapshot.migration.key
        _log.info("reason changed", migration=str(key), reason=event["reason"], message=event["message"])
        try:
            await self.cluster.create("events", key.namespace, event)
        except ApiFailure as failure:  # an event is a courtesy: a namespace that is going away takes none
            _log.warning("event refused", migration=str(key), error=str(failure))

    async def _clean_up(self, key: Key) -> datetime | None:
        """The migration is gone: leave a run that has started alone, remove what is over or never started."""
        if await self.cluster.get(names.PLURAL, key.namespace, key.name):
            return None  # our watch has not shown it yet
        if self.observer.runs_of(key):
            await self.observer.refresh(key)  # a run may have started that our watch has not shown yet
        for run in self.observer.runs_of(key):
            if not isinstance(state_of(run), Started) and not run.deleting:
                await remove(self.cluster, key, run)
        return None


def _needs_proof(snapshot: Snapshot, decision: Decision) -> bool:
    """Never conclude from a cache that a Job or a pod is not there."""
    if isinstance(decision, Start | Remove):
        return True
    return isinstance(decision, Again | Hold) and _looks_lost(newest_of(snapshot))


def _looks_lost(newest: Run | RunRecord | None) -> bool:
    match newest:
        case Run(pod=pod) if pod is None or not pod.is_told:
            return isinstance(state_of(newest), Ended)
        case RunRecord(state=state):
            return state is not RunState.FINISHED
        case _:
            return False


def _with_refusal(snapshot: Snapshot, refused: Refused) -> Snapshot:
    """Remember the refused try like a run that ended, so that the next one waits its turn."""
    start, ended = refused.start, refused.ended
    record = RunRecord(
        job="",
        uid=snapshot.migration.uid,
        inputs=start.inputs,
        attempt=start.attempt,
        failures=start.failures,
        state=RunState.FINISHED,
        finished_at=ended.finished_at,
        outcome=Outcome.FAILED,
        reason=ended.reason,
        message=ended.message,
    )
    status = snapshot.migration.status.model_copy(update={"run": record})
    return replace(snapshot, migration=replace(snapshot.migration, status=status))


def _wake_at(snapshot: Snapshot, decision: Decision) -> datetime | None:
    match decision:
        case Again(_, at) | Progress(_, _, _, at) | Done(_, at) | Stall(_, _, at):
            return at
        case Unseen(_, at) | Inspecting(_, at) | AwaitPods(_, _, at):
            return at
        case Withdraw():
            return snapshot.now
        case Start() | Tell() | Discard():
            return snapshot.now + _SOON * 3
        case _:
            return None
