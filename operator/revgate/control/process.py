"""The operator's process: watches, work queue and resync, from start to SIGTERM."""

import asyncio
import random
import signal
from dataclasses import dataclass
from typing import Final

import structlog

from revgate.contract import names
from revgate.control.cache import Cache, Shelf, key_of
from revgate.control.cluster import Cluster
from revgate.control.observe import Observer
from revgate.control.queue import Queue
from revgate.control.reconcile import Reconciler
from revgate.control.watch import Backoffs, watch

_WORKERS: Final = 10
_RESYNC_SECONDS: Final = 600.0
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Options:
    """What the operator is started with: the bundled runner image, and where it answers probes."""

    runner_image: str
    liveness: str


async def operate(options: Options) -> None:
    """Run the operator until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with await Cluster.connect() as cluster:
        cache = Cache()
        queue = Queue(Reconciler(cluster, Observer(cluster, cache, options.runner_image)).reconcile)
        _log.info("operator started", runner_image=options.runner_image)
        background = [
            asyncio.create_task(_work(cluster, cache, queue)),
            asyncio.create_task(_resync(cluster, cache, queue)),
        ]
        for task in background:
            task.add_done_callback(lambda _: stop.set())  # an operator whose loop has ended must not look alive
        await watch(cache, queue.add, stop, options.liveness)
        for task in background:
            task.cancel()
        ended = await asyncio.gather(*background, return_exceptions=True)
    for failure in ended:
        if isinstance(failure, Exception):
            raise failure
    _log.info("operator stopped")


async def _work(cluster: Cluster, cache: Cache, queue: Queue) -> None:
    """Start no pass before the Jobs and pods are known: with a cold cache every one of them would look lost."""
    for pause in Backoffs():
        try:
            await _refresh(cluster, "jobs", cache.jobs)
            await _refresh(cluster, "pods", cache.pods)
            break
        except Exception as error:  # noqa: BLE001 - the entry point of this task: the API server may be away
            _log.warning("first list failed", error=str(error), retry_in_seconds=pause)
        await asyncio.sleep(pause)
    await queue.run(_WORKERS)


async def _resync(cluster: Cluster, cache: Cache, queue: Queue) -> None:
    """Look at everything again now and then: a deletion that a broken watch missed is never told (kopf.md, 1.3)."""
    while True:
        await asyncio.sleep(_RESYNC_SECONDS * random.uniform(0.9, 1.1))  # noqa: S311 - jitter
        try:
            await _refresh(cluster, names.PLURAL, cache.migrations)
            await _refresh(cluster, "jobs", cache.jobs)
            await _refresh(cluster, "pods", cache.pods)
        except Exception:  # noqa: BLE001 - the entry point of this task: the next round may do better
            _log.exception("resync failed")
        for key in {*cache.migrations.keys(), *cache.jobs.keys()}:
            queue.add(key)


async def _refresh(cluster: Cluster, kind: str, shelf: Shelf) -> None:
    query = {} if kind == names.PLURAL else {"labelSelector": f"{names.MANAGED_BY}={names.MANAGER}"}
    marks = shelf.marks()
    bodies = await cluster.list(kind, **query)
    shelf.replace_all([(key, body) for body in bodies if (key := key_of(kind, body))], marks)
