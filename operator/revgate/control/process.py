"""The operator's process: watches, election and work, from start to SIGTERM."""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from revgate.control.cache import Cache
from revgate.control.cluster import Cluster
from revgate.control.election import Election, identity_of
from revgate.control.freshness import Freshness
from revgate.control.gates.http import gate_routes
from revgate.control.gates.keeper import Keeper
from revgate.control.leading import Leading
from revgate.control.lease import Place
from revgate.control.metrics import QUEUE, REGISTRY, Migrations
from revgate.control.observe import Observer
from revgate.control.reconcile import Reconciler
from revgate.control.serving import routes_of, serving
from revgate.control.snapshot import Key
from revgate.control.watch import Watch, watches_of

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
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    cache, freshness = Cache(), Freshness()
    routes = [*routes_of(freshness), *(gate_routes(cache, freshness.is_settled) if options.http_gate else ())]
    async with await Cluster.connect(freshness.note_answer) as cluster, serving(options.listen, routes):
        election = Election(cluster, options.lease, identity_of()) if options.lease else None
        writer = cluster.fenced(election.is_leader) if election else cluster
        leading = Leading(cache, Reconciler(writer, Observer(writer, cache, options.runner_image)).reconcile)
        QUEUE.set_function(lambda: leading.depth)
        REGISTRY.register(Migrations(leading.facts))
        keeper = Keeper(writer, cache) if options.scheduling_gate else None
        watches = watches_of(cluster, cache, _waking(leading, keeper), freshness)
        _log.info("operator started", runner_image=options.runner_image)
        work = _work(watches, election, leading, keeper)
        await _until(stop, work, *(watch.follow() for watch in watches))
    _log.info("operator stopped")


async def _work(
    watches: Sequence[Watch],
    election: Election | None,
    leading: Leading,
    keeper: Keeper | None,
) -> None:
    """Lead whenever the Lease is ours, but not with a cold cache: every Job that is not listed yet would look lost."""

    async def lead() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(leading.lead())
            if keeper:
                group.create_task(keeper.keep())

    for watch in watches:
        await watch.is_listed.wait()
    await (election.campaign(lead) if election else lead())


def _waking(leading: Leading, keeper: Keeper | None) -> Callable[[Key], None]:
    """Return what an event about a migration sets going."""

    def wake(key: Key) -> None:
        leading.wake(key)
        if keeper:
            keeper.wake(key)

    return wake


async def _until(stop: asyncio.Event, *parts: Coroutine[Any, Any, None]) -> None:
    """Run all parts until told to stop, or until one of them ends: then the operator must not look alive."""
    tasks = [asyncio.create_task(part) for part in parts]
    for task in tasks:
        task.add_done_callback(lambda _: stop.set())
    await stop.wait()
    for task in tasks:
        task.cancel()
    for ended in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(ended, Exception):
            raise ended
