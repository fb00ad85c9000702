"""The keeper of the scheduling gate: follows the pods that are held, and lets each go as soon as it may.

Only who leads keeps the gate. Two at once would do no harm: a gate is taken off once, by a patch that tests it.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from revgate.contract import names
from revgate.control.cluster import ApiFailure, Cluster
from revgate.control.gates.events import Told, event_on
from revgate.control.gates.lift import lifting
from revgate.control.gates.pods import SELECTION, HeldPod, HeldPods, read_held
from revgate.control.gates.standing import Free, Held, standing_of
from revgate.control.leadership.queue import Queue
from revgate.control.observing.reading import read_migration
from revgate.control.observing.snapshot import Key, Migration
from revgate.control.watching.backoffs import Backoffs
from revgate.control.watching.cache import Cache
from revgate.control.watching.freshness import Freshness

_WORKERS: Final = 4
_WATCH: Final = "held pods"
_AT_ONCE: Final = 20  # pods of one migration
_SOON: Final = timedelta(seconds=5)
_LATER: Final = timedelta(minutes=5)  # in case a watch has gone blind
_QUIET_SECONDS: Final = 1.0
_OVERTAKEN: Final = (404, 422)  # gone, changed or free already
_CONFLICT: Final = 409
_log = structlog.get_logger()


class Keeper:
    """Lets pods go when the status of their migration says that they may."""

    def __init__(self, cluster: Cluster, cache: Cache, freshness: Freshness) -> None:
        self._cluster = cluster
        self._cache = cache
        self._freshness = freshness
        self._pods = HeldPods()
        self._told = Told()
        self._queue: Queue | None = None

    def wake(self, key: Key) -> None:
        """Look at the pods of a migration, because something happened to it."""
        if self._queue and self._pods.of(key):
            self._queue.add(key)

    async def keep(self) -> None:
        """Work until cancelled."""
        self._queue = Queue(self.release)
        self._freshness.expect(_WATCH)
        self._freshness.hear(_WATCH)  # where nothing is held, the first bookmark comes after a minute
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._queue.run(_WORKERS))
                group.create_task(self._follow())
        finally:
            self._queue = None
            self._pods.clear()
            self._freshness.forget(_WATCH)

    async def release(self, key: Key) -> datetime | None:
        """Let go those pods of a migration that may go, and say about the others why not."""
        pods = self._pods.of(key)
        if not pods:
            return None
        done = [await self._release(key, pods[at : at + _AT_ONCE]) for at in range(0, len(pods), _AT_ONCE)]
        return datetime.now(UTC) + (_LATER if all(done) else _SOON)

    async def _release(self, key: Key, pods: tuple[HeldPod, ...]) -> bool:
        """Look at the status for these pods alone, for it may serve less before the next; False if one did not go."""
        seen = await self._migration(key, pods)
        standings = [(pod, standing_of(pod, seen)) for pod in pods]
        free = [pod for pod, standing in standings if isinstance(standing, Free)]
        lifted = await self._lift(free)
        for pod, standing in standings:
            if isinstance(standing, Held):
                await self._tell(pod, standing)
        return lifted == len(free)

    async def _migration(self, key: Key, pods: tuple[HeldPod, ...]) -> Migration | None:
        """Let nothing go and call nothing missing on the word of a cache."""
        body = self._cache.migration(key)
        seen = read_migration(body) if body else None
        if seen and not any(isinstance(standing_of(pod, seen), Free) for pod in pods):
            return seen
        body = await self._cluster.get(names.PLURAL, key.namespace, key.name) if key.name else None
        return read_migration(body) if body else None

    async def _lift(self, pods: list[HeldPod]) -> int:
        """Take the gate off each; return off how many."""
        done = await asyncio.gather(*(self._lift_one(pod) for pod in pods), return_exceptions=True)
        for failure in done:
            if isinstance(failure, BaseException):
                raise failure
        return sum(each is True for each in done)

    async def _lift_one(self, pod: HeldPod) -> bool:
        try:
            await self._cluster.patch("pods", pod.namespace, pod.name, lifting(pod))
        except ApiFailure as failure:
            if failure.status in _OVERTAKEN:
                return False  # the watch will say so
            raise
        self._pods.drop(pod.uid)
        _log.info("pod released", pod=f"{pod.namespace}/{pod.name}", migration=str(pod.key), requires=pod.requires)
        return True

    async def _tell(self, pod: HeldPod, held: Held) -> None:
        number = self._told.next_number(pod, held.why)
        if number is None:
            return
        _log.info("pod held", pod=f"{pod.namespace}/{pod.name}", reason=held.why, message=held.message)
        try:
            await self._cluster.create("events", pod.namespace, event_on(pod, held, number, datetime.now(UTC)))
        except ApiFailure as failure:  # an event is a courtesy, and this one may have been told before a restart
            if failure.status != _CONFLICT:
                self._told.take_back(pod)
                _log.warning("event refused", pod=f"{pod.namespace}/{pod.name}", error=str(failure))

    async def _follow(self) -> None:
        """Watch the pods that are held, anew from the beginning each time the watch ends: they are few."""
        pauses = iter(Backoffs())
        while True:
            self._pods.clear()
            try:
                async for event in self._cluster.watch("pods", **SELECTION):
                    pauses = iter(Backoffs())
                    self._freshness.hear(_WATCH)
                    self._take(event["type"], event["object"])
            except Exception as error:  # noqa: BLE001 - the entry point of this task: the rest of the operator goes on
                pause = next(pauses)
                _log.warning("watch of held pods failed", error=repr(error), retry_in_seconds=pause)
                await asyncio.sleep(pause)
            await asyncio.sleep(_QUIET_SECONDS)

    def _take(self, kind: str, body: dict[str, object]) -> None:
        if kind == "BOOKMARK":
            return
        pod = read_held(body)
        if kind == "DELETED" or pod is None:
            self._pods.drop(str(body["metadata"]["uid"]))  # type: ignore[index] # every object has them
        else:
            self._pods.put(pod)
            self.wake(pod.key)
