"""The webhook's server: plain aiohttp over TLS. It asks nobody, so how busy the operator is changes nothing here."""

import asyncio
import signal
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import structlog
from aiohttp import web

from revgate.control.webhook.certificates import Certificates, NoCertificateError
from revgate.control.webhook.review import NotAReviewError, answer_review

PATH: Final = "/gate-pods"
_MOST_BYTES: Final = 8 * 2**20  # the largest pod that etcd takes is a quarter of it
_LOOK_SECONDS: Final = 30.0
_LINGER_SECONDS: Final = 5.0
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Options:
    """Where the certificates are, the host name that the API server calls, and the address to listen at."""

    certificates: Path
    host: str
    address: str
    port: int


async def serve(options: Options) -> None:
    """Answer reviews until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    certificates = Certificates(options.certificates, options.host)
    refreshing = asyncio.create_task(_keep_fresh(certificates))
    runner = web.AppRunner(app(), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, options.address, options.port, ssl_context=certificates.context).start()
        _log.info("webhook started", host=options.host, port=options.port)
        await stop.wait()
        await asyncio.sleep(_LINGER_SECONDS)  # the API server may not know yet that this replica goes
    finally:
        refreshing.cancel()
        await runner.cleanup()
    _log.info("webhook stopped")


def app() -> web.Application:
    """Return the application: the reviews, and a probe that fails while there is no certificate to be probed by."""
    application = web.Application(client_max_size=_MOST_BYTES)
    application.add_routes([web.post(PATH, _review), web.get("/healthz", _health)])
    return application


async def _review(request: web.Request) -> web.Response:
    try:
        return web.json_response(answer_review(await request.json()))
    except (NotAReviewError, ValueError, RecursionError) as error:
        return web.Response(status=400, text=f"Review could not be read: {error}\n")


async def _health(_: web.Request) -> web.Response:
    return web.Response(text="ok\n")


async def _keep_fresh(certificates: Certificates) -> None:
    complaint = ""
    while True:
        try:
            expires_at = certificates.refresh(datetime.now(UTC))
        except NoCertificateError as error:
            if str(error) != complaint:  # once: this may last for hours
                complaint = str(error)
                _log.warning("no new certificate", error=complaint)
        else:
            complaint = ""
            if expires_at:
                _log.info("certificate shown", until=expires_at.isoformat(timespec="seconds"))
        await asyncio.sleep(_LOOK_SECONDS)
