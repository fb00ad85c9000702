"""Who else is in the database: the sessions that we wait for, as a person would look for them."""

from typing import Final

import psycopg

from revgate.migration.postgresql.session import first_value
from revgate.migration.seen import Seen

_COLUMNS: Final = (
    "a.pid, coalesce(nullif(a.application_name, ''), a.usename, ''), coalesce(a.state, ''), "
    "extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, a.backend_start))::float8"
)
_WAITS: Final = "SELECT wait_event_type = 'Lock' FROM pg_stat_get_activity(%(pid)s)"
_BLOCKERS: Final = (
    f"SELECT DISTINCT {_COLUMNS} FROM pg_stat_activity me "  # noqa: S608  a constant
    "CROSS JOIN LATERAL unnest(pg_blocking_pids(me.pid)) AS b(pid) JOIN pg_stat_activity a ON a.pid = b.pid "
    "WHERE me.pid = %s AND me.wait_event_type = 'Lock'"
)
_HOLDER: Final = (
    f"SELECT {_COLUMNS} FROM pg_locks l JOIN pg_stat_activity a USING (pid) "  # noqa: S608  a constant
    "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = %(space)s AND l.pid <> pg_backend_pid() "
    "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND (l.classid::bigint << 32 | l.objid::bigint) = %(key)s "
    "ORDER BY l.pid LIMIT 1"
)


def blockers_of(connection: psycopg.Connection, pid: int) -> tuple[Seen, ...]:
    """Return the sessions that keep the session `pid` waiting."""
    if not first_value(connection, _WAITS, {"pid": pid}):  # it mostly does not, and this is soon planned
        return ()
    return tuple(Seen(*row) for row in connection.execute(_BLOCKERS, (pid,)).fetchall())


def holder_of(connection: psycopg.Connection, key: int, space: int) -> Seen | None:
    """Return another session that holds the advisory lock, or None when nobody does any more.

    `space` tells PostgreSQL's two spaces of keys: 1 for one number, 2 for the same bits as two.
    """
    row = connection.execute(_HOLDER, {"key": key, "space": space}).fetchone()
    return Seen(*row) if row else None
