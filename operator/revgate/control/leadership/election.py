"""One candidate for a Lease: it works while it holds it, and stands by, warm, while somebody else does.

The client's own election (kubernetes.aio.leaderelection) neither bounds a request that hangs nor releases the Lease,
and goes by the wall clock.
"""

import asyncio
import secrets
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from time import monotonic
from typing import Final

import structlog

from revgate.control.cluster import ApiFailure, Body, Cluster
from revgate.control.leadership.lease import RENEW_DEADLINE, Place, Sighting, claimed, is_free, released, sighting_of

_LOOK_EVERY: Final = 1.0  # by who stands by; a released Lease is taken after at most so many seconds
_RENEW_EVERY: Final = 3.0
_TRY_AGAIN_AFTER: Final = 1.0
_LOOK_TIMEOUT: Final = 5.0
_RELEASE_TIMEOUT: Final = 1.0
_log = structlog.get_logger()


def identity_of() -> str:
    """Return a name for this process that no other one has, not even after a restart of its container."""
    return f"{socket.gethostname()}_{secrets.token_hex(4)}"


class Election:
    """A candidate. `cluster` must be one that may write at any time: a Lease is taken by who is no leader yet."""

    def __init__(self, cluster: Cluster, place: Place, identity: str) -> None:
        self._cluster = cluster
        self._place = place
        self._identity = identity
        self._seen: Sighting | None = None
        self._until = 0.0
        self._trouble = ""

    def is_leader(self) -> bool:
        """Whether the Lease is surely ours: asked before each write, for a process may have been frozen meanwhile."""
        return monotonic() < self._until

    async def campaign(self, lead: Callable[[], Awaitable[None]]) -> None:
        """Lead whenever the Lease is ours, until cancelled; the Lease is free again when this ends.

        An exception of `lead` ends the campaign.
        """
        while True:
            await self._until_taken()
            _log.info("lease taken", lease=str(self._place), identity=self._identity)
            try:
                await self._serve(lead)
            finally:
                await self._release()
            _log.warning("lease lost", lease=str(self._place), holder=self._seen.holder if self._seen else "")

    async def _until_taken(self) -> None:
        while not await self._try_once(_LOOK_TIMEOUT):  # noqa: ASYNC110 - the state is the API server's
            await asyncio.sleep(_LOOK_EVERY)

    async def _serve(self, lead: Callable[[], Awaitable[None]]) -> None:
        """Return when the Lease is lost; the work has stopped by then."""
        work = asyncio.ensure_future(lead())
        holding = asyncio.create_task(self._hold())
        try:
            await asyncio.wait((work, holding), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (work, holding):
                task.cancel()
            ended = await asyncio.gather(work, holding, return_exceptions=True)
        for failure in ended:
            if isinstance(failure, Exception):
                raise failure

    async def _hold(self) -> None:
        """Renew the Lease; return when it is lost, from when on `is_leader` says so."""
        pause = _RENEW_EVERY
        while (left := self._until - monotonic()) > 0:
            await asyncio.sleep(min(pause, left))
            if await self._try_once(self._until - monotonic()):
                pause = _RENEW_EVERY
            elif self._seen and self._seen.holder != self._identity:
                self._until = 0.0
            else:
                pause = _TRY_AGAIN_AFTER

    async def _try_once(self, timeout: float) -> bool:  # noqa: ASYNC109 - asyncio.timeout is right below
        """Take or renew the Lease, once; False when it is somebody else's or the API server can not be reached."""
        began = monotonic()
        try:
            async with asyncio.timeout(timeout):
                if not await self._write():
                    return False
        except (ApiFailure, TimeoutError) as error:
            self._complain(str(error) or "API server did not answer in time")
            return False
        self._until = began + RENEW_DEADLINE
        self._complain("")
        return True

    def _complain(self, trouble: str) -> None:
        """Say once what goes wrong: it is tried every second."""
        if trouble and trouble != self._trouble:
            _log.warning("lease not written", lease=str(self._place), error=trouble)
        self._trouble = trouble

    async def _write(self) -> bool:
        """Write on top of the version that was seen; when another one was quicker, look what it says."""
        if not (self._seen and self._seen.holder == self._identity):
            await self._look()
        seen = self._seen
        if seen and not is_free(seen, self._identity, monotonic()):
            return False
        lease = claimed(self._place, seen.lease if seen else None, self._identity, datetime.now(UTC))
        try:
            written = await self._put(lease) if seen else await self._create(lease)
        except ApiFailure as failure:
            if failure.status not in ((404, 409) if seen else (409,)):
                raise
            await self._look()
            return False
        self._seen = sighting_of(written, seen, monotonic())
        return True

    async def _look(self) -> None:
        lease = await self._cluster.get("leases", self._place.namespace, self._place.name)
        self._seen = sighting_of(lease, self._seen, monotonic()) if lease else None

    async def _create(self, lease: Body) -> Body:
        return await self._cluster.create("leases", self._place.namespace, lease)

    async def _put(self, lease: Body) -> Body:
        return await self._cluster.replace("leases", self._place.namespace, self._place.name, lease)

    async def _release(self) -> None:
        """Leave the Lease to the next one, if it is ours still: also after a failure, and when cancelled."""
        self._until = 0.0
        if not (self._seen and self._seen.holder == self._identity):
            return
        lease = released(self._place, self._seen.lease, datetime.now(UTC))
        with suppress(ApiFailure, TimeoutError):
            async with asyncio.timeout(_RELEASE_TIMEOUT):
                self._seen = sighting_of(await self._put(lease), self._seen, monotonic())
            _log.info("lease released", lease=str(self._place), identity=self._identity)
