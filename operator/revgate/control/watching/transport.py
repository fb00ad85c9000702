"""Kopf's connection to the API server, where it is listened to, and where its lists are made ours.

Handlers are told of events and never of bookmarks, so a blind watch and a quiet cluster look the same to them. And Kopf
makes a task, a queue and a record of each object that it lists, and does not tell when it is through or what is gone.
So the API server is asked for nothing at all, which answers with the version at which the watch begins, and the list is
made meanwhile by whoever keeps it.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
import kopf

from revgate.control.cluster import ApiFailure
from revgate.control.telling.metrics import API_CALLS
from revgate.control.watching.nesting import flat

_SILENT_WATCHES: Final = 4
"""Watches of a kind, one after the other, that brought nothing: each lasts 70 s, and bookmarks come every minute."""

_GONE: Final = b'{"type":"ERROR","object":{"code":410}}\n'
_ERROR: Final = b'{"type":"ERROR"'
_ANSWER_SECONDS: Final = 30.0
_AFTER_ERROR_SECONDS: Final = 1.0
_NOTHING: Final = {"fieldSelector": "metadata.name=-", "resourceVersion": "0"}


class _Overheard:
    """A response's content that tells of every piece that comes, and holds no event that would break Kopf."""

    def __init__(self, content: aiohttp.StreamReader, hear: Callable[[], None]) -> None:
        self._content = content
        self._hear = hear

    def __getattr__(self, name: str) -> Any:
        return getattr(self._content, name)

    async def iter_chunked(self, n: int) -> AsyncIterator[bytes]:
        rest = b""
        async for piece in self._content.iter_chunked(n):
            self._hear()
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                if line.startswith(_ERROR):  # all but 410 would end the process, and a list mends whatever it is
                    await asyncio.sleep(_AFTER_ERROR_SECONDS)
                    yield _GONE
                else:
                    yield flat(line) + b"\n"


class _Ended:
    """A response's content that says that the watch's version is too old: a list is made, and a watch from there."""

    async def iter_chunked(self, n: int) -> AsyncIterator[bytes]:  # noqa: ARG002 - as aiohttp has it
        yield _GONE


@dataclass(frozen=True, slots=True)
class Ears:
    """Who is told: the kinds in question, whatever comes on the watch of one, and that one has to be listed.

    `silent` counts the watches of a kind that brought nothing: after a restore of etcd a watch may stand at a version
    that has yet to come, and the API server lets it wait for that.
    """

    kinds: frozenset[str]
    hear: Callable[[str], None]
    refill: Callable[[str], Awaitable[None]]
    silent: Counter[str] = field(default_factory=Counter)

    def hear_piece(self, kind: str) -> None:
        """Note that a watch has brought something."""
        self.silent[kind] = 0
        self.hear(kind)


def session_of(info: kopf.ConnectionInfo, ears: Ears) -> kopf.AiohttpSession:
    """Return the session that Kopf would have made itself, with ears on it."""

    async def listen(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        kind, is_watch = request.url.path.rpartition("/")[2], "watch" in request.url.query
        is_list = kind in ears.kinds and not is_watch
        if is_list:
            request.url = request.url.update_query(_NOTHING)
        async with asyncio.timeout(None if is_watch else _ANSWER_SECONDS):
            response = await handler(request)
        API_CALLS.labels("WATCH" if is_watch else "LIST", kind, response.status).inc()
        if is_list and response.ok:
            await _refill(kind, ears)
        if is_watch and response.ok:
            ears.hear(kind)
            ears.silent[kind] += 1
            content: Any = _Overheard(response.content, lambda: ears.hear_piece(kind))
            if ears.silent[kind] > _SILENT_WATCHES:
                ears.silent[kind], content = 0, _Ended()
            response.content = content
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


async def _refill(kind: str, ears: Ears) -> None:
    """List after the version of the watch is known: whatever happens in between is told by the watch."""
    try:
        await ears.refill(kind)
    except ApiFailure as failure:
        raise aiohttp.ClientConnectionError(str(failure)) from failure  # what Kopf tries again
