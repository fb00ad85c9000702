"""What the operator answers over HTTP: probes that only look at numbers in memory, and metrics."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from revgate.control.telling.metrics import REGISTRY, WATCH_AGE
from revgate.control.watching.freshness import Freshness

_OK = 200
_UNAVAILABLE = 503


@asynccontextmanager
async def serving(listen: str, routes: Iterable[web.RouteDef]) -> AsyncIterator[None]:
    """Serve these routes at HOST:PORT."""
    app = web.Application()
    app.add_routes(routes)
    runner = web.AppRunner(app, handle_signals=False, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    host, _, port = listen.rpartition(":")
    try:
        await web.TCPSite(runner, host.strip("[]") or None, int(port)).start()
        yield
    finally:
        await runner.cleanup()


def routes_of(freshness: Freshness) -> list[web.RouteDef]:
    """Return /healthz, /readyz and /metrics."""

    async def healthz(_: web.Request) -> web.Response:
        return _answer(freshness.blind())

    async def readyz(_: web.Request) -> web.Response:
        return _answer(freshness.faults())

    async def metrics(_: web.Request) -> web.Response:
        WATCH_AGE.clear()
        for kind, age in freshness.ages().items():
            WATCH_AGE.labels(kind).set(age)
        text = await asyncio.to_thread(generate_latest, REGISTRY)  # 5,000 migrations take a while
        return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_LATEST})

    return [web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics)]


def _answer(faults: list[str]) -> web.Response:
    return web.Response(text="\n".join(faults or ["ok"]) + "\n", status=_UNAVAILABLE if faults else _OK)
