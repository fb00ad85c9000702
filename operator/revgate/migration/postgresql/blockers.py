"""A second pair of eyes: while a revision waits for a lock, somebody else must ask whom it waits for."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

import psycopg

from revgate.migration.errors import MigrationError
from revgate.migration.output.log import get_logger
from revgate.migration.patience import Patience
from revgate.migration.postgresql.sessions_seen import blockers_of
from revgate.migration.postgresql.work_log import WorkLog
from revgate.migration.seen import Seen

_SHORTEST: Final = 0.05
_LONGEST: Final = 1.0


class BlockerWatch:
    """Remembers who last blocked the session that runs the revisions."""

    def __init__(self, pid: int, interval: float, patience: float) -> None:
        self._pid = pid
        self._interval = interval
        self._patience = patience
        self._stop = threading.Event()
        self._idle_since: float | None = None
        self._work = WorkLog(pid)
        self.seen: tuple[Seen, ...] = ()
        self.gave_up = False

    def forget(self) -> None:
        """Begin anew: another revision runs now."""
        self.seen = ()
        self._idle_since = None
        self._work.begin()

    def stop(self) -> None:
        """Make `run` return soon."""
        self._stop.set()

    def run(self, connect: Callable[[], psycopg.Connection]) -> None:
        """Look again and again until stopped; without a connection there is only less to say."""
        if self._stop.wait(self._interval):  # most runs are over before anybody could be in the way
            return
        with suppress(psycopg.Error, MigrationError), connect() as connection:
            self._look(connection)
            while not self._stop.wait(self._interval):
                self._look(connection)

    def _look(self, connection: psycopg.Connection) -> None:
        blockers = blockers_of(connection, self._pid)
        if blockers and {one.pid for one in blockers} != {one.pid for one in self.seen}:
            get_logger().info("revision_waits", blockers=[str(one) for one in blockers])
        self.seen = blockers or self.seen
        self._work.look(connection)
        self._end_a_wait_for_nothing(connection, blockers)

    def _end_a_wait_for_nothing(self, connection: psycopg.Connection, blockers: tuple[Seen, ...]) -> None:
        """Cancel what our session waits with, when those whom it waits for have long done nothing in a transaction.

        CREATE INDEX CONCURRENTLY waits for their snapshots without any limit. It may be for the session of somebody
        who waits for us: then nobody would ever go on.
        """
        if not blockers or not all(one.state.startswith("idle in transaction") for one in blockers):
            self._idle_since = None
            return
        self._idle_since = self._idle_since or time.monotonic()
        if self._patience and not self.gave_up and time.monotonic() - self._idle_since > self._patience:
            self.gave_up = True
            connection.execute("SELECT pg_cancel_backend(%s)", (self._pid,))


@contextmanager
def watching(pid: int, patience: Patience, connect: Callable[[], psycopg.Connection]) -> Iterator[BlockerWatch]:
    """Watch the session `pid` from another connection, often enough to see what a lock timeout ends."""
    interval = min(_LONGEST, max(_SHORTEST, patience.lock / 5)) if patience.lock else _LONGEST
    watch = BlockerWatch(pid, interval, patience.idle_blockers)
    thread = threading.Thread(target=watch.run, args=(connect,), name="revgate-watch", daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        watch.stop()
        thread.join(timeout=5)
