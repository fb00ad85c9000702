"""What the server does for the sessions of this process, asked on a session of its own."""

from contextlib import suppress
from typing import Any

import sqlalchemy as sa

from revgate.migration.postgresql.session import application_name
from revgate.migration.postgresql.work import Work, question, work_of


class WorkWatch:
    """Notes the sessions that this process opens, and looks what the server does for them."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._pids: set[int] = set()
        self._connection: sa.Connection | None = None
        sa.event.listen(sa.Engine, "connect", self._note)

    def look(self) -> Work | None:
        """Return the work at hand, or None: also when the server cannot be asked, for that is no reason to fail."""
        try:
            connection = self._connected()
            server, *_ = connection.dialect.server_version_info or (0,)
            row = connection.execute(sa.text(question(int(server), ":pids")), {"pids": sorted(self._pids)}).first()
        except sa.exc.SQLAlchemyError:
            self._hang_up()
            return None
        return work_of(row)

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
