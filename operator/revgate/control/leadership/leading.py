"""The work of a leader: each term begins with everything in the warm cache, and leaves nothing behind."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from revgate.control.leadership.queue import Queue, Work
from revgate.control.observing.snapshot import Key
from revgate.control.telling.facts import Facts, failure_of
from revgate.control.telling.metrics import FAILED_PASSES, LEADER, PASSES
from revgate.control.watching.cache import Body, Cache

_WORKERS: Final = 10


class Leading:
    """The work queue, while there is one: who stands by only keeps the cache warm."""

    def __init__(self, cache: Cache, work: Work) -> None:
        self._cache = cache
        self._work = work
        self._queue: Queue | None = None
        self._failures: dict[Key, Counter[str]] = {}

    @property
    def depth(self) -> int:
        """How many migrations wait for a worker."""
        return self._queue.depth if self._queue else 0

    def wake(self, key: Key) -> None:
        """Put a migration in the line. Nothing is missed without a queue: a term begins with all of them."""
        if self._queue:
            self._queue.add(key)

    async def lead(self) -> None:
        """Work until cancelled."""
        self._queue = Queue(self._pass)
        LEADER.set(1)
        try:
            self.wake_all()
            await self._queue.run(_WORKERS)
        finally:
            self._queue = None
            self._failures.clear()
            LEADER.set(0)

    def wake_all(self) -> None:
        """Look at every migration, those first where something happened last: they may wait for us."""
        for key in self._cache.keys_newest_first():
            self.wake(key)

    def facts(self) -> Iterator[Facts]:
        """Return what there is to tell of each migration; nothing while somebody else leads."""
        for key in self._cache.migrations.keys() if self._queue else ():
            if body := self._cache.migration(key):
                yield Facts.of(key, body, dict(self._failures.get(key, ())))

    async def _pass(self, key: Key) -> datetime | None:
        before = self._cache.migration(key)
        try:
            with PASSES.time(), FAILED_PASSES.count_exceptions(Exception):
                return await self._work(key)
        finally:
            self._count(key, before)

    def _count(self, key: Key, before: Body | None) -> None:
        after = self._cache.migration(key)
        if after is None:
            self._failures.pop(key, None)
        elif reason := failure_of(before, after):
            self._failures.setdefault(key, Counter())[reason] += 1
