"""The cache, from lists: before the first pass, and now and then against deletions that a broken watch never told."""

import asyncio
import random
from collections.abc import Callable
from typing import Final

import structlog

from revgate.contract import names
from revgate.control.cache import Cache, Shelf, key_of
from revgate.control.cluster import Cluster
from revgate.control.watch import Backoffs

_RESYNC_SECONDS: Final = 600.0
_OURS: Final = {"labelSelector": f"{names.MANAGED_BY}={names.MANAGER}"}
_log = structlog.get_logger()


async def fill(cluster: Cluster, cache: Cache) -> None:
    """List everything, however long it takes: with a cold cache every Job would look lost.

    Kopf lists as well, and does not tell when it is through.
    """
    for pause in Backoffs():
        try:
            await _refresh(cluster, cache)
        except Exception as error:  # noqa: BLE001 - the entry point of this task: the API server may be away
            _log.warning("first list failed", error=str(error), retry_in_seconds=pause)
        else:
            return
        await asyncio.sleep(pause)


async def resync(cluster: Cluster, cache: Cache, wake_all: Callable[[], None]) -> None:
    """Look at everything again now and then: a deletion that a broken watch missed is never told (kopf.md, 1.3)."""
    while True:
        await asyncio.sleep(_RESYNC_SECONDS * random.uniform(0.9, 1.1))  # noqa: S311 - jitter
        try:
            await _refresh(cluster, cache)
        except Exception:  # noqa: BLE001 - the entry point of this task: the next round may do better
            _log.exception("resync failed")
        wake_all()


async def _refresh(cluster: Cluster, cache: Cache) -> None:
    kinds = {names.PLURAL: cache.migrations, names.PLANS: cache.plans, "jobs": cache.jobs, "pods": cache.pods}
    for kind, shelf in kinds.items():
        await _refill(cluster, kind, shelf)


async def _refill(cluster: Cluster, kind: str, shelf: Shelf) -> None:
    marks, listed = shelf.marks(), []
    async for bodies, _ in cluster.pages(kind, **(_OURS if kind in ("jobs", "pods") else {})):
        listed += [(key, shelf.kept(body)) for body in bodies if (key := key_of(kind, body))]
    shelf.replace_all(listed, marks)
