"""Everything about one migration, gathered into a snapshot: from the cache, or from the API server as proof."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from revgate.contract import names
from revgate.contract.edges import decode_edges
from revgate.contract.serves import Edge
from revgate.control.cache import Cache, Shelf
from revgate.control.cluster import ApiFailure, Cluster
from revgate.control.endings import Ended, state_of
from revgate.control.news import is_news
from revgate.control.reading import read_migration, read_orphan, read_run
from revgate.control.snapshot import Key, Migration, Run, Snapshot

Body = dict[str, Any]

_POD_IS_LATE: Final = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Observer:
    """Sees the cluster for the decision. `image` is the bundled runner image."""

    cluster: Cluster
    cache: Cache
    image: str

    async def observe(self, key: Key, body: Body, *, proven: bool) -> Snapshot:
        """Return a snapshot; with `proven`, of Jobs and pods read from the API server just now."""
        if proven:
            await self.refresh(key)
        migration = read_migration(body)
        now = datetime.now(UTC)
        runs = [await self._completed(migration, run, now) for run in self.runs_of(key)]
        return Snapshot(now=now, migration=migration, runs=tuple(runs), image=self.image)

    def runs_of(self, key: Key) -> list[Run]:
        """Return the runs that the cache has of a migration: Jobs with their pods, and pods whose Job is gone."""
        pods: dict[str, list[Any]] = {}
        for pod in self.cache.pods.of(key):
            pods.setdefault(_owner(pod), []).append(pod)
        runs = [read_run(job, pods.pop(job["metadata"]["uid"], [])) for job in self.cache.jobs.of(key)]
        orphans = [read_orphan(each) for each in pods.values()]
        return [run for run in [*runs, *orphans] if run and run.uid and run.inputs]

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

    async def _completed(self, migration: Migration, run: Run, now: datetime) -> Run:
        """Add what is not in the objects themselves: the edges in the log, the reason why there is no pod."""
        if _has_unread_edges(migration, run):
            return replace(run, edges=await self._edges(migration.key, run))
        if run.pod is None and not run.finished_at and now - run.created_at > _POD_IS_LATE:
            return replace(run, note=await self._why_no_pod(migration.key, run))
        return run

    async def _edges(self, key: Key, run: Run) -> tuple[Edge, ...] | None:
        if run.pod is None or run.report is None:
            return None
        try:
            log = await self.cluster.log(key.namespace, run.pod.name, names.CONTAINER)
        except ApiFailure:
            return None  # the log is gone with its node or its pod; the migration is Ready all the same
        return decode_edges(log, run.report.edges)

    async def _why_no_pod(self, key: Key, run: Run) -> str:
        selector = f"involvedObject.name={run.job},reason=FailedCreate"
        events = await self.cluster.list("events", key.namespace, fieldSelector=selector)
        newest = max(events, key=lambda event: str(event["metadata"]["creationTimestamp"]), default=None)
        return str(newest.get("message", "")) if newest else ""


def _owner(pod: Any) -> str:
    labels = pod["metadata"].get("labels") or {}
    return str(labels.get("batch.kubernetes.io/controller-uid", ""))


def _has_unread_edges(migration: Migration, run: Run) -> bool:
    """A log is read once: when its run ended after what the status already knows."""
    state = state_of(run)
    if run.uid != migration.uid or not isinstance(state, Ended) or not (run.report and run.report.edges):
        return False
    return is_news(migration.status, run)
