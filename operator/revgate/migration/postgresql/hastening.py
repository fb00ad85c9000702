"""Many revisions without waiting for the disk after each of them, and once for all of them at the end.

PostgreSQL writes its log in order, and so a server that crashes in between loses the last revisions whole, with their
rows of the version table and of the ledger: the run is broken by that anyway, and the next one applies them again. What
a run reports at its end is on the disk, and on whichever standby the server waits for.
https://www.postgresql.org/docs/current/wal-async-commit.html
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import psycopg
import sqlalchemy as sa
from psycopg import errors

from revgate.migration.postgresql.closing import Closing

_FEW: Final = 10
_WRITE: Final = "SELECT pg_logical_emit_message(true, 'revgate', '')"  # its commit waits for all before it


@contextmanager
def hastened(control: psycopg.Connection, connection: sa.Connection, revisions: int) -> Iterator[Closing | None]:
    """Let the commits of `connection` return at once, when there are many, and wait for the last of them at the end.

    Yields what commits with fewer messages, then, or None.

    Args:
        control: a session whose own commits wait, as the server or the role has it.
        connection: in no transaction.
        revisions: how many there are to come.
    """
    if revisions <= _FEW or not _can_wait(control):
        yield None
        return
    connection.exec_driver_sql("SET synchronous_commit TO off")
    connection.commit()
    try:
        driver: Any = connection.connection.dbapi_connection
        yield Closing(control, driver)
    except BaseException:
        with suppress(psycopg.Error):  # what the run failed of is to be told, and not this
            control.execute(_WRITE)
        raise
    control.execute(_WRITE)


def _can_wait(control: psycopg.Connection) -> bool:
    try:
        control.execute(_WRITE)
    except (errors.InsufficientPrivilege, errors.UndefinedFunction):
        return False
    return True
