"""The operator's process: watches, election and work, from start to SIGTERM."""

import asyncio
import gc
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import structlog

from revgate.control.cluster import Cluster
from revgate.control.gates.http import gate_routes
from revgate.control.gates.keeper import Keeper
from revgate.control.leadership.election import Election, identity_of
from revgate.control.leadership.leading import Leading
from revgate.control.leadership.lease import Place
from revgate.control.observing.observe import Observer
from revgate.control.observing.snapshot import Key
from revgate.control.reconcile import Reconciler
from revgate.control.telling.metrics import QUEUE, REGISTRY, Migrations
from revgate.control.telling.serving import routes_of, serving
from revgate.control.watching.cache import Cache
from revgate.control.watching.freshness import Freshness
from revgate.control.watching.refresh import Lists
from revgate.control.watching.watch import watch

_MANY: Final = 50_000  # objects that a page of a list is parsed into: not to be looked through after every 700
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Options:
    """What the operator is started with.

    The bundled runner image, HOST:PORT of its probes and metrics, the Lease that it shares with its like (None: it is
    alone), whether it keeps the scheduling gate of pods, and whether it answers the gate over HTTP.
    """

    runner_image: str
    listen: str
    lease: Place | None = None
    scheduling_gate: bool = False
    http_gate: bool = False


async def operate(options: Options) -> None:
    """Run the operator until SIGTERM or SIGINT."""
    gc.set_threshold(_MANY, 20, 100)
    stop = asyncio.Event()
    cache, freshness = Cache(), Freshness()
    routes = [*routes_of(freshness), *(gate_routes(cache, freshness.is_settled) if options.http_gate else ())]
    async with await Cluster.connect(freshness.note_answer) as cluster, serving(options.listen, routes):
        election = Election(cluster, options.lease, identity_of()) if options.lease else None
        writer = cluster.fenced(election.is_leader) if election else cluster
        leading = Leading(cache, Reconciler(writer, Observer(writer, cache, options.runner_image)).reconcile)
        QUEUE.set_function(lambda: leading.depth)
        REGISTRY.register(Migrations(leading.facts))
        keeper = Keeper(writer, cache, freshness) if options.scheduling_gate else None
        _log.info("operator started", runner_image=options.runner_image)
        wake = _waking(leading, keeper)
        lists = Lists(cluster, cache, wake, freshness)
        background = asyncio.create_task(_until(stop, _work(lists, election, leading, keeper)))
        try:
            await watch(cache, lists, wake, freshness, stop)
        finally:
            stop.set()
            await background
    _log.info("operator stopped")


async def _work(lists: Lists, election: Election | None, leading: Leading, keeper: Keeper | None) -> None:
    """Lead no sooner than the Jobs and pods are known, and then whenever the Lease is ours."""

    async def lead() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(leading.lead())
            if keeper:
                group.create_task(keeper.keep())

    await lists.all_filled.wait()  # with a cold cache every Job would look lost
    await (election.campaign(lead) if election else lead())


def _waking(leading: Leading, keeper: Keeper | None) -> Callable[[Key], None]:
    """Return what an event about a migration sets going."""

    def wake(key: Key) -> None:
        leading.wake(key)
        if keeper:
            keeper.wake(key)

    return wake


async def _until(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Work until told to stop, or until it ends by itself: then the operator must not look alive.

    It ends at once, before Kopf has wound up its watches: another operator waits for the Lease.
    """
    task = asyncio.create_task(work)
    task.add_done_callback(lambda _: stop.set())
    await stop.wait()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
