"""The runner's lock: one runner a history, by a session lock on a connection that is never in a transaction.

It is polled with pg_try_advisory_lock: a runner that waits inside pg_advisory_lock holds a snapshot, and
CREATE INDEX CONCURRENTLY of the runner that works would wait for that one for ever.
"""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import psycopg

from revgate.migration.errors import ConnectionLost, LockHeld
from revgate.migration.history import History
from revgate.migration.output.log import get_logger
from revgate.migration.postgresql.session import first_value
from revgate.migration.postgresql.sessions_seen import holder_of
from revgate.migration.seen import Seen
from revgate.migration.stopping import pause

_POLL: Final = (0.1, 0.5)
_SAY_AGAIN: Final = 30.0
_STILL_HELD: Final = (
    "SELECT clock_timestamp() FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid() "
    "AND objsubid = 1 AND (classid::bigint << 32 | objid::bigint) = %(key)s"
)


@dataclass(frozen=True, slots=True)
class HeldLock:
    """The lock of a history, held by this connection."""

    connection: psycopg.Connection
    history: History

    def check(self) -> datetime:
        """Return the server's clock, having made sure that the lock is still ours.

        Raises:
            ConnectionLost: if the session that held it is gone, say by a failover.
        """
        try:
            now: datetime | None = first_value(self.connection, _STILL_HELD, {"key": self.history.key})
        except psycopg.Error as error:
            raise ConnectionLost(_LOST) from error
        if now is None:
            raise ConnectionLost(_LOST)
        return now


_LOST: Final = "The session that held the migration lock was ended by the server; the run stopped before it went on"


@contextmanager
def locked(connection: psycopg.Connection, history: History, wait: float) -> Iterator[HeldLock]:
    """Hold the lock of a history; wait for another runner for at most `wait` seconds.

    Raises:
        LockHeld: naming the session that has it.
    """
    _acquire(connection, history, wait)
    try:
        yield HeldLock(connection, history)
    finally:
        with suppress(psycopg.Error):  # a session that has ended holds nothing
            connection.execute("SELECT pg_advisory_unlock(%s)", (history.key,))


def _acquire(connection: psycopg.Connection, history: History, wait: float) -> None:
    began = time.monotonic()
    said: tuple[int | None, float] = (None, 0.0)
    while not first_value(connection, "SELECT pg_try_advisory_lock(%(key)s)", {"key": history.key}):
        waited = time.monotonic() - began
        holder = holder_of(connection, history.key)
        if waited >= wait:
            raise LockHeld(_held(history, holder, waited))
        said = _say(holder, waited, said)
        pause(min(random.uniform(*_POLL), max(0.0, wait - waited)))  # noqa: S311  spreads runners, guards nothing


def _say(holder: Seen | None, waited: float, said: tuple[int | None, float]) -> tuple[int | None, float]:
    """Log who has the lock: when that changes, and every half a minute."""
    if holder is None or (holder.pid == said[0] and waited - said[1] < _SAY_AGAIN):
        return said
    get_logger().info(
        "lock_awaited",
        holder_pid=holder.pid,
        holder_application=holder.application,
        holder_age_seconds=None if holder.age is None else round(holder.age),
        waited_seconds=round(waited, 1),
    )
    return holder.pid, waited


def _held(history: History, holder: Seen | None, waited: float) -> str:
    by = str(holder) if holder else "a session that has just ended"
    return (
        f"Migration lock of {history.place} was held by {by} for the {waited:.0f} s that this run waited: "
        "wait for that runner, or end its session"
    )
