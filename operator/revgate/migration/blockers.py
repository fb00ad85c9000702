"""A second pair of eyes: while a revision waits for a lock, somebody else must ask whom it waits for."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

import psycopg
import structlog

from revgate.migration.errors import MigrationError
from revgate.migration.sessions_seen import Seen, blockers_of

_SHORTEST: Final = 0.05
_LONGEST: Final = 1.0


class BlockerWatch:
    """Remembers who last blocked the session that runs the revisions."""

    def __init__(self, pid: int, interval: float) -> None:
        self._pid = pid
        self._interval = interval
        self._stop = threading.Event()
        self.seen: tuple[Seen, ...] = ()

    def forget(self) -> None:
        """Begin anew: another revision runs now."""
        self.seen = ()

    def stop(self) -> None:
        """Make `run` return soon."""
        self._stop.set()

    def run(self, connect: Callable[[], psycopg.Connection]) -> None:
        """Look again and again until stopped; without a connection there is only less to say."""
        with suppress(psycopg.Error, MigrationError), connect() as connection:
            while not self._stop.wait(self._interval):
                self._look(connection)

    def _look(self, connection: psycopg.Connection) -> None:
        blockers = blockers_of(connection, self._pid)
        if blockers and {one.pid for one in blockers} != {one.pid for one in self.seen}:
            structlog.get_logger().info("revision_waits", blockers=[str(one) for one in blockers])
        self.seen = blockers or self.seen


@contextmanager
def watching(pid: int, lock_timeout: float, connect: Callable[[], psycopg.Connection]) -> Iterator[BlockerWatch]:
    """Watch the session `pid` from another connection, often enough to see what a lock timeout ends."""
    watch = BlockerWatch(pid, min(_LONGEST, max(_SHORTEST, lock_timeout / 5)) if lock_timeout else _LONGEST)
    thread = threading.Thread(target=watch.run, args=(connect,), name="revgate-watch", daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        watch.stop()
        thread.join(timeout=5)
