"""Who else is in the database: the sessions that we wait for, as a person would look for them."""

from dataclasses import dataclass
from typing import Final

import psycopg

_COLUMNS: Final = (
    "a.pid, coalesce(nullif(a.application_name, ''), a.usename, ''), coalesce(a.state, ''), "
    "extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, a.backend_start))::float8"
)
_BLOCKERS: Final = (
    f"SELECT DISTINCT {_COLUMNS} FROM pg_stat_activity me "  # noqa: S608  a constant
    "CROSS JOIN LATERAL unnest(pg_blocking_pids(me.pid)) AS b(pid) JOIN pg_stat_activity a ON a.pid = b.pid "
    "WHERE me.pid = %s AND me.wait_event_type = 'Lock'"
)
_HOLDER: Final = (
    f"SELECT {_COLUMNS} FROM pg_locks l JOIN pg_stat_activity a USING (pid) "  # noqa: S608  a constant
    "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 "
    "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND (l.classid::bigint << 32 | l.objid::bigint) = %s"
)


@dataclass(frozen=True, slots=True)
class Seen:
    """A session of somebody else."""

    pid: int
    application: str
    state: str
    age: float | None  # seconds since its transaction began, or else the session; None when we may not know

    def __str__(self) -> str:
        """Return ``pid 812 (report_worker, idle in transaction, 41 s)``."""
        age = "" if self.age is None else f"{self.age:.0f} s"
        known = ", ".join(word for word in (self.application, self.state, age) if word)
        return f"pid {self.pid} ({known})" if known else f"pid {self.pid}"


def blockers_of(connection: psycopg.Connection, pid: int) -> tuple[Seen, ...]:
    """Return the sessions that keep the session `pid` waiting."""
    return tuple(Seen(*row) for row in connection.execute(_BLOCKERS, (pid,)).fetchall())


def holder_of(connection: psycopg.Connection, key: int) -> Seen | None:
    """Return the session that holds the advisory lock, or None when nobody does any more."""
    row = connection.execute(_HOLDER, (key,)).fetchone()
    return Seen(*row) if row else None
