"""How far the server is with an index that one of our sessions builds, asked on a session of its own."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from revgate.migration.postgresql.session import application_name

# An index that is not committed yet is not in our pg_class: then it has no name
_BUILDS: Final = sa.text("""
    SELECT coalesce(i.relname, ''), coalesce(t.relname, ''), p.phase, coalesce(p.current_locker_pid, 0),
           CASE WHEN p.lockers_total > 0 THEN p.lockers_done * 100 / p.lockers_total
                WHEN p.tuples_total > 0 THEN p.tuples_done * 100 / p.tuples_total
                WHEN p.blocks_total > 0 THEN p.blocks_done * 100 / p.blocks_total END
    FROM pg_stat_progress_create_index AS p
    LEFT JOIN pg_class AS i ON i.oid = p.index_relid
    LEFT JOIN pg_class AS t ON t.oid = p.relid
    WHERE p.pid = ANY(:pids)
    ORDER BY p.pid
""")


@dataclass(frozen=True, slots=True)
class IndexBuild:
    """What PostgreSQL says of one CREATE INDEX or REINDEX."""

    index: str  # "" while nobody else can see it
    table: str
    phase: str  # PostgreSQL's words, such as "building index: scanning table"
    waits_for: int  # pid of the session that keeps it waiting, 0 for none
    percent: int | None  # of the phase

    def __str__(self) -> str:
        """Return ``45 % of idx_a (building index: scanning table)``: what counts comes first, terminals are narrow."""
        done = "" if self.percent is None else f"{min(self.percent, 100)} % of "
        behind = f", behind pid {self.waits_for}" if self.waits_for else ""
        return f"{done}{self.index or f'an index on {self.table}'} ({self.phase}{behind})"


class BuildWatch:
    """Notes the sessions that this process opens, and looks which of them builds an index."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._pids: set[int] = set()
        self._connection: sa.Connection | None = None
        sa.event.listen(sa.Engine, "connect", self._note)

    def look(self) -> IndexBuild | None:
        """Return the build that runs, or None: also when the server cannot be asked, for that is no reason to fail."""
        try:
            row = self._connected().execute(_BUILDS, {"pids": sorted(self._pids)}).first()
        except sa.exc.SQLAlchemyError:
            self._hang_up()
            return None
        return IndexBuild(*row) if row else None

    def close(self) -> None:
        """Forget the sessions and end our own."""
        sa.event.remove(sa.Engine, "connect", self._note)
        self._hang_up()

    def _note(self, connection: Any, _record: object) -> None:
        pid = getattr(getattr(connection, "info", None), "backend_pid", None)
        if pid is not None:  # else it is one that env.py opens, by another driver: nothing is built there
            self._pids.add(pid)

    def _connected(self) -> sa.Connection:
        """Return a session in no transaction: its snapshot would keep CREATE INDEX CONCURRENTLY waiting."""
        if self._connection is None:
            self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            self._connection.execute(
                sa.text("SELECT set_config('application_name', :name, false)"),
                {"name": application_name("", "progress")},
            )
        return self._connection

    def _hang_up(self) -> None:
        with suppress(sa.exc.SQLAlchemyError):
            if self._connection is not None:
                self._connection.close()
        self._connection = None
