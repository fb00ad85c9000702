"""Lines in the log of a run while a revision takes long, the more seldom the longer it takes."""

import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

import psycopg

from revgate.contract.steps import PROGRESS
from revgate.migration.output.log import get_logger
from revgate.migration.postgresql.work import question, work_of

_FIRST: Final = 5.0  # seconds
_LONGEST: Final = 60.0


class WorkLog:
    """Tells what the server does for the session that runs the revisions, whenever that is not what was told last."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.begin()

    def begin(self) -> None:
        """Begin anew: another revision runs now."""
        self._pauses, self._told = _pauses(), ""
        self._due = time.monotonic() + next(self._pauses)

    def look(self, connection: psycopg.Connection) -> None:
        """Look whether it is time to look, from a session in no transaction; who cannot be asked says nothing."""
        pauses = self._pauses
        if time.monotonic() < self._due:
            return
        sql = question(connection.info.server_version // 10000, "%(pids)s")
        with suppress(psycopg.DatabaseError):
            work = str(work_of(connection.execute(sql, {"pids": [self._pid]}).fetchone()) or "")
            if work != self._told and pauses is self._pauses:  # else the next revision has begun meanwhile
                get_logger().info(PROGRESS, work=work)
                self._told = work
        if pauses is self._pauses:
            self._due = time.monotonic() + next(pauses)


def _pauses() -> Iterator[float]:
    pause = _FIRST
    while True:
        yield pause
        pause = min(pause * 2, _LONGEST)
