"""The cache, from lists: whenever a watch begins, the list of its kind is the truth about what is there."""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from revgate.contract import names
from revgate.control.cluster import ApiFailure, Cluster
from revgate.control.observing.snapshot import Key
from revgate.control.watching.backoffs import Backoffs
from revgate.control.watching.cache import Cache, Shelf, key_of
from revgate.control.watching.freshness import Freshness

SELECTORS: Final = dict.fromkeys(("jobs", "pods"), f"{names.MANAGED_BY}={names.MANAGER}")
"""Of which kinds only our own are read."""
_log = structlog.get_logger()


class Lists:
    """Fills the shelves. A deletion that no watch told of, because it was broken, is seen as well."""

    def __init__(self, cluster: Cluster, cache: Cache, wake: Callable[[Key], None], freshness: Freshness) -> None:
        self._cluster = cluster
        self._shelves = cache.by_kind()
        self._wake = wake
        self._freshness = freshness
        self._unfilled = set(self._shelves)
        self.all_filled = asyncio.Event()

    async def until_served(self) -> None:
        """Wait until the API server knows every kind: Kopf looks once which there are, and CRDs may come later."""
        for kind in self._shelves:
            for pause in Backoffs():
                try:
                    await self._cluster.list(kind, limit="1")
                except ApiFailure as failure:
                    _log.warning("kind is not served yet", kind=kind, error=str(failure), retry_in_seconds=pause)
                    await asyncio.sleep(pause)
                else:
                    break

    async def refill(self, kind: str) -> None:
        """List everything of a kind, and have every migration looked at that has some of it, or had.

        Raises ApiFailure: the shelf is what it was.
        """
        shelf = self._shelves[kind]
        before = set(shelf.keys())
        await self._refill(kind, shelf)
        for key in before | set(shelf.keys()):
            self._wake(key)
        self._unfilled.discard(kind)
        if not self._unfilled:
            self._freshness.is_warm = True
            self.all_filled.set()

    async def _refill(self, kind: str, shelf: Shelf) -> None:
        marks = shelf.marks()
        query = {"labelSelector": SELECTORS[kind]} if kind in SELECTORS else {}
        listed = []
        async for bodies in self._cluster.pages(kind, **query):
            listed += [(key, shelf.kept(body)) for body in bodies if (key := key_of(kind, body))]
        shelf.replace_all(listed, marks)
