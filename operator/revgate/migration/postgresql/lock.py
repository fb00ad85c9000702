"""The runner's lock: one runner a history, by a session lock on a connection that is never in a transaction.

It is polled with pg_try_advisory_lock: a runner that waits inside pg_advisory_lock holds a snapshot, and
CREATE INDEX CONCURRENTLY of the runner that works would wait for that one for ever.

A runner that is killed loses this lock at once, and the statement that it had sent may go on, or commit, for a while.
So the session that runs the revisions shares a second lock, of the same key in PostgreSQL's other space of keys (two
numbers instead of one), and whoever gets the first waits until nobody has the second:

    control session     key          one at a time
    revisions' session  (high, low)  shared; the next runner reads the version when it is free
"""

import random
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import psycopg
import sqlalchemy as sa

from revgate.migration.errors import ConnectionLost, LockHeld
from revgate.migration.history import History
from revgate.migration.output.log import get_logger
from revgate.migration.postgresql.session import end_with_the_runner, first_value
from revgate.migration.postgresql.sessions_seen import holder_of
from revgate.migration.seen import Seen
from revgate.migration.stopping import pause

_FIRST_POLL, _LONGEST_POLL = 0.02, 0.5
_LOOK_AGAIN: Final = 1.0
_SAY_AGAIN: Final = 30.0
_STILL_HELD: Final = (
    "SELECT clock_timestamp() FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid() "
    "AND pid = %(pid)s AND objsubid = 1 AND (classid::bigint << 32 | objid::bigint) = %(key)s"
)
# A session gets what it has once more; behind a pooler it may have it from somebody else
_TRY: Final = (
    "SELECT CASE WHEN pg_backend_pid() <> %(named)s AND EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' "
    "AND pid = pg_backend_pid() AND objsubid = 1 AND (classid::bigint << 32 | objid::bigint) = %(key)s) THEN false "
    "ELSE pg_try_advisory_lock(%(key)s) END"
)
_LOST: Final = "The session that held the migration lock was ended by the server; the run stopped before it went on"


@dataclass(frozen=True, slots=True)
class HeldLock:
    """The lock of a history, held by this connection, which this process of the server serves."""

    connection: psycopg.Connection
    history: History
    pid: int

    def check(self) -> datetime:
        """Return the server's clock, having made sure that the lock is still ours.

        Raises:
            ConnectionLost: if the session that held it is gone, say by a failover.
        """
        values = {"key": self.history.key, "pid": self.pid}
        try:
            now: datetime | None = first_value(self.connection, _STILL_HELD, values)
        except psycopg.Error as error:
            raise ConnectionLost(_LOST) from error
        if now is None:
            raise ConnectionLost(_LOST)
        return now

    def extend_to(self, connection: sa.Connection) -> None:
        """Keep the next runner waiting until this session has ended, also when ours ends before; in no transaction.

        Raises:
            ConnectionLost: if somebody else has the lock meanwhile.
        """
        high, low = _Work(self.history.key).halves
        query = "SELECT pg_try_advisory_lock_shared(%(high)s::int, %(low)s::int)"
        if not connection.exec_driver_sql(query, {"high": high, "low": low}).scalar_one():
            raise ConnectionLost(_LOST)
        connection.commit()


@dataclass(frozen=True, slots=True)
class _Run:
    """The lock of a whole run."""

    key: int
    space = 1

    def is_taken(self, connection: psycopg.Connection) -> bool:
        values = {"key": self.key, "named": connection.info.backend_pid}
        return bool(first_value(connection, _TRY, values))

    def held(self, history: History, holder: Seen | None, waited: float) -> LockHeld:
        by = str(holder) if holder else "a session that has just ended"
        return LockHeld(
            f"Migration lock of {history.place} was held by {by} for the {waited:.0f} s that this run waited: "
            "wait for that runner, or end its session"
        )


@dataclass(frozen=True, slots=True)
class _Work:
    """The lock that the sessions share which run revisions: it is taken to see that there is none, and given back."""

    key: int
    space = 2

    @property
    def halves(self) -> tuple[int, int]:
        high, low = struct.unpack(">ii", self.key.to_bytes(8, signed=True))
        return high, low

    def is_taken(self, connection: psycopg.Connection) -> bool:
        query = (
            "SELECT CASE WHEN pg_try_advisory_lock(%(high)s::int, %(low)s::int) "
            "THEN pg_advisory_unlock(%(high)s::int, %(low)s::int) ELSE false END"
        )
        high, low = self.halves
        return bool(first_value(connection, query, {"high": high, "low": low}))

    def held(self, history: History, holder: Seen | None, waited: float) -> LockHeld:
        who = str(holder) if holder else "a session that has just ended"
        return LockHeld(
            f"Statement of an earlier run on {history.place}, whose runner is gone, still ran after the {waited:.0f} s "
            f"that this run waited for {who}: wait for its end, or end that session"
        )


@contextmanager
def locked(connection: psycopg.Connection, history: History, wait: float) -> Iterator[HeldLock]:
    """Hold the lock of a history; wait for another runner, and what it left, for at most `wait` seconds.

    Raises:
        LockHeld: naming the session that has it.
    """
    end_with_the_runner(connection)
    began = time.monotonic()
    _acquire(_Run(history.key), connection, history, wait, began)
    try:
        _acquire(_Work(history.key), connection, history, wait, began)
        yield HeldLock(connection, history, first_value(connection, "SELECT pg_backend_pid()"))
    finally:
        with suppress(psycopg.Error):  # a session that has ended holds nothing
            connection.execute("SELECT pg_advisory_unlock(%s)", (history.key,))


def _acquire(lock: _Run | _Work, connection: psycopg.Connection, history: History, wait: float, began: float) -> None:
    poll, saying = _FIRST_POLL, _Saying()
    while not lock.is_taken(connection):
        waited = time.monotonic() - began
        if waited >= wait:
            raise lock.held(history, holder_of(connection, history.key, lock.space), waited)
        if waited >= saying.next_look:
            saying.say(holder_of(connection, history.key, lock.space), waited)
        pause(min(poll * random.uniform(0.5, 1.5), max(0.0, wait - waited)))  # noqa: S311  spreads runners
        poll = min(poll * 1.5, _LONGEST_POLL)


@dataclass(slots=True)
class _Saying:
    """Says who has the lock: when that changes, and every half a minute."""

    pid: int | None = None
    said: float = 0.0
    next_look: float = 0.0

    def say(self, holder: Seen | None, waited: float) -> None:
        self.next_look = waited + _LOOK_AGAIN
        if holder is None or (holder.pid == self.pid and waited - self.said < _SAY_AGAIN):
            return
        self.pid, self.said = holder.pid, waited
        get_logger().info(
            "lock_awaited",
            holder_pid=holder.pid,
            holder_application=holder.application,
            holder_state=holder.state,
            holder_age_seconds=None if holder.age is None else round(holder.age),
            waited_seconds=round(waited, 1),
        )
