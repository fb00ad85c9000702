"""What happens in the cluster, brought into the cache: for each kind one list, and watches that go on from there.

list ──> watch ──ended or broken off──> watch from the last version
  ^        └─────410: too old─────┐
  └───────────────────────────────┘
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

import structlog

from revgate.contract import names
from revgate.control.cache import Cache, Shelf, key_of
from revgate.control.cluster import ApiFailure, Body, Cluster
from revgate.control.freshness import Freshness
from revgate.control.snapshot import Key

_OURS: Final = {"labelSelector": f"{names.MANAGED_BY}={names.MANAGER}"}
_LONGEST_PAUSE: Final = 5.0
_GONE: Final = 410
_log = structlog.get_logger()


class Backoffs:
    """Endless, capped pauses between requests that fail: an API server that is away must not end the operator."""

    def __iter__(self) -> "Backoffs":
        """Start over for each request."""
        fresh = Backoffs()
        fresh._pause = 0.5
        return fresh

    def __next__(self) -> float:
        """Return the next pause, in seconds."""
        pause, self._pause = self._pause, min(_LONGEST_PAUSE, self._pause * 2)
        return pause

    _pause = 0.5


class Watch:
    """The watch of one kind. `wake` is told of every migration that something happened to."""

    def __init__(
        self, cluster: Cluster, kind: str, shelf: Shelf, wake: Callable[[Key], None], freshness: Freshness
    ) -> None:
        self._cluster = cluster
        self._kind = kind
        self._shelf = shelf
        self._wake = wake
        self._freshness = freshness
        self._query: Mapping[str, str] = _OURS if kind in ("jobs", "pods") else {}
        self._version = ""
        self._pauses = iter(Backoffs())
        self.is_listed = asyncio.Event()
        freshness.expect(kind)

    async def follow(self) -> None:
        """Keep the shelf up to date, until cancelled."""
        while True:
            try:
                if not self._version:
                    await self._list()
                await self._watch()
            except ApiFailure as failure:
                await self._recover(failure)

    async def _list(self) -> None:
        """Take a list for the truth: what was deleted while nobody watched is found out here."""
        marks, listed, version = self._shelf.marks(), [], ""
        async for bodies, version in self._cluster.pages(self._kind, **self._query):  # noqa: B007 - used at the end
            listed += [(key, self._shelf.kept(body)) for body in bodies if (key := key_of(self._kind, body))]
        self._shelf.replace_all(listed, marks)
        self._version = version
        self._hear()
        self.is_listed.set()
        for key in {*marks, *self._shelf.keys()}:
            self._wake(key)

    async def _watch(self) -> None:
        heard = False
        async for event in self._cluster.watch(self._kind, resourceVersion=self._version, **self._query):
            heard = True
            self._hear()
            self._version = event["object"]["metadata"]["resourceVersion"]
            self._take(event["type"], event["object"])
        if not heard:
            await asyncio.sleep(next(self._pauses))

    def _hear(self) -> None:
        self._pauses = iter(Backoffs())
        self._freshness.hear(self._kind)

    def _take(self, event: str, body: Body) -> None:
        key = None if event == "BOOKMARK" else key_of(self._kind, body)
        if key is None:
            return
        if event == "DELETED":
            self._shelf.drop(key, body)
        else:
            self._shelf.put(key, body)
        self._wake(key)

    async def _recover(self, failure: ApiFailure) -> None:
        if failure.status == _GONE:
            self._version = ""
        pause = next(self._pauses)
        _log.warning("watch broken off", kind=self._kind, error=str(failure), retry_in_seconds=pause)
        await asyncio.sleep(pause)


def watches_of(cluster: Cluster, cache: Cache, wake: Callable[[Key], None], freshness: Freshness) -> list[Watch]:
    """Return a watch for each kind that decisions are made from."""
    kinds = {names.PLURAL: cache.migrations, names.PLANS: cache.plans, "jobs": cache.jobs, "pods": cache.pods}
    return [Watch(cluster, kind, shelf, wake, freshness) for kind, shelf in kinds.items()]
