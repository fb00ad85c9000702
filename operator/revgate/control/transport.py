"""Kopf's connection to the API server, with an ear on it: handlers are told of events, and never of bookmarks."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import kopf

from revgate.control.metrics import API_CALLS


class _Overheard:
    """A response's content that tells of every piece that comes."""

    def __init__(self, content: aiohttp.StreamReader, hear: Callable[[], None]) -> None:
        self._content = content
        self._hear = hear

    def __getattr__(self, name: str) -> Any:
        return getattr(self._content, name)

    async def iter_chunked(self, n: int) -> AsyncIterator[bytes]:
        async for piece in self._content.iter_chunked(n):
            self._hear()
            yield piece


def overheard(info: kopf.ConnectionInfo, hear: Callable[[str], None]) -> kopf.AiohttpSession:
    """Return the session that Kopf would have made itself, which also tells the kind of whatever comes on a watch."""

    async def listen(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        kind, is_watch = request.url.path.rpartition("/")[2], "watch" in request.url.query
        response = await handler(request)
        API_CALLS.labels("WATCH" if is_watch else "LIST", kind, response.status).inc()
        if is_watch and response.ok:
            hear(kind)
            response.content = _Overheard(response.content, lambda: hear(kind))  # type: ignore[assignment] # acts as one
        return response

    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, ssl=info.as_ssl_context()),
        headers=info.as_http_headers(),
        proxy=info.proxy_url,
        trust_env=bool(info.trust_env),
        middlewares=(listen,),
    )
    return kopf.AiohttpSession(
        server=info.server,
        default_namespace=info.default_namespace,
        expiration=info.expiration,
        aiohttp_session=session,
    )
