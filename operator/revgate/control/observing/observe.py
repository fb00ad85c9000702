"""Everything about one migration, gathered into a snapshot: from the cache, or from the API server as proof."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from revgate.contract import names
from revgate.contract.edges import decode_edges
from revgate.contract.planned import decode_plan
from revgate.control.cluster import ApiFailure, Cluster
from revgate.control.deciding.endings import Started, state_of
from revgate.control.deciding.kinds import Kind
from revgate.control.observing.app_pods import read_app_pod, selection_of
from revgate.control.observing.glances import Glances
from revgate.control.observing.news import is_news
from revgate.control.observing.plans import read_plans
from revgate.control.observing.reading import read_migration, read_orphan, read_run
from revgate.control.observing.snapshot import Key, Migration, Plan, Run, Snapshot
from revgate.control.resource.spec import Spec
from revgate.control.watching.cache import Cache, Shelf

Body = dict[str, Any]

_POD_IS_LATE: Final = timedelta(seconds=2)
_LONG: Final = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class Observer:
    """Sees the cluster for the decision. `image` is the bundled runner image."""

    cluster: Cluster
    cache: Cache
    image: str
    glances: Glances = field(default_factory=Glances)

    async def observe(self, key: Key, body: Body, *, proven: bool) -> Snapshot:
        """Return a snapshot; with `proven`, of Jobs, pods and plans that were read from the API server just now."""
        migration = read_migration(body)
        if proven:
            await self.refresh(key)
        if proven and isinstance(migration.spec, Spec) and migration.spec.wants_plans:
            await self._list(names.PLANS, self.cache.plans, key)
        now = datetime.now(UTC)
        plans = read_plans(self.cache.plans.of(key), migration.uid)
        found = self.runs_of(key)
        newest = max(found, key=lambda run: run.created_at, default=None)
        runs = [
            await self._completed(migration, run, now, wants_plan=run is newest and not _is_told(run, plans))
            for run in found
        ]
        return Snapshot(now=now, migration=migration, runs=tuple(runs), image=self.image, plans=plans)

    async def with_apps(self, snapshot: Snapshot) -> Snapshot:
        """Return the snapshot with the pods that require something of this database, listed just now."""
        key = snapshot.migration.key
        bodies = await self.cluster.list("pods", key.namespace, **selection_of(key))
        return replace(snapshot, apps=tuple(pod for body in bodies if (pod := read_app_pod(body))))

    def runs_of(self, key: Key) -> list[Run]:
        """Return the runs that the cache has of a migration: Jobs with their pods, and pods whose Job is gone."""
        pods: dict[str, list[Any]] = {}
        for pod in self.cache.pods.of(key):
            pods.setdefault(_owner(pod), []).append(pod)
        runs = [read_run(job, pods.pop(job["metadata"]["uid"], [])) for job in self.cache.jobs.of(key)]
        orphans = [read_orphan(each) for each in pods.values()]
        return [run for run in [*runs, *orphans] if run and run.job and run.uid and run.inputs]

    async def refresh(self, key: Key) -> None:
        """Read the Jobs and pods of a migration from the API server."""
        await self._list("jobs", self.cache.jobs, key)
        await self._list("pods", self.cache.pods, key)

    async def _list(self, kind: str, shelf: Shelf, key: Key) -> None:
        """Ask until no event has overtaken the answer: an older list must not undo what a watch has shown."""
        selector = f"{names.MANAGED_BY}={names.MANAGER},{names.RUN_OF}={key.name}"
        mark = shelf.mark(key)
        while not shelf.replace(key, await self.cluster.list(kind, key.namespace, labelSelector=selector), mark):
            mark = shelf.mark(key)

    async def _completed(self, migration: Migration, run: Run, now: datetime, *, wants_plan: bool) -> Run:
        """Add what is not in the objects themselves: edges and plan in the log, the reason why there is no pod."""
        wants_edges = _has_unread_edges(migration, run)
        if run.report and (wants_edges or (wants_plan and run.report.plan)):
            log = await self._log(migration.key, run)
            edges = decode_edges(log, run.report.edges) if wants_edges else None
            document = decode_plan(log, run.report.plan) if wants_plan else None
            return replace(run, edges=edges, document=document)
        if since := _long_since(run, now):
            read = partial(self._log, migration.key, run)
            return replace(run, step=await self.glances.step(run.job_uid, since, now, read))
        if run.finished_at:
            self.glances.forget(run.job_uid)
        if run.pod is None and not run.finished_at and now - run.created_at > _POD_IS_LATE:
            return replace(run, note=await self._why_no_pod(migration.key, run))
        return run

    async def _log(self, key: Key, run: Run) -> str:
        if run.pod is None:
            return ""
        try:
            return await self.cluster.log(key.namespace, run.pod.name, names.CONTAINER)
        except ApiFailure:
            return ""  # it is gone with its node or its pod; the migration is Ready all the same

    async def _why_no_pod(self, key: Key, run: Run) -> str:
        selector = f"involvedObject.name={run.job},reason=FailedCreate"
        events = await self.cluster.list("events", key.namespace, fieldSelector=selector)
        newest = max(events, key=lambda event: str(event["metadata"]["creationTimestamp"]), default=None)
        return str(newest.get("message", "")) if newest else ""


def _long_since(run: Run, now: datetime) -> datetime | None:
    """Return since when a run is at work that takes so long that a person may want to know what it is at."""
    match state_of(run):
        case Started(since, None) if now - since > _LONG:
            return since
        case _:
            return None


def _owner(pod: Any) -> str:
    labels = pod["metadata"].get("labels") or {}
    return str(labels.get("batch.kubernetes.io/controller-uid", ""))


def _is_told(run: Run, plans: Iterable[Plan]) -> bool:
    return run.kind is not Kind.PLAN or any(plan.inputs == run.inputs for plan in plans)


def _has_unread_edges(migration: Migration, run: Run) -> bool:
    """A log is read once: when its migration ended after what the status already knows."""
    if run.uid != migration.uid or not (run.report and run.report.edges):
        return False
    return is_news(migration.status, run)
