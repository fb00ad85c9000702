"""A database in memory: the one connection of the application, borrowed for as long as a run or a question lasts.

Two threads with one connection would roll back each other's transactions, so one of them waits.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, Final

import sqlalchemy as sa

from revgate.migration.errors import EnvironmentFailed, LockHeld
from revgate.migration.reentry import is_taken, taken

_MEMORY: Final = threading.Lock()
_IN_TRANSACTION: Final = "Connection of the engine is in a transaction: commit it or roll it back first"


@contextmanager
def borrowed(engine: sa.Engine, wait: float) -> Iterator[sqlite3.Connection]:
    """Lend the connection, without transactions that the driver begins.

    Raises:
        EnvironmentFailed: if the application is in a transaction.
        LockHeld: if another thread has it for as long as may be waited.
    """
    with _alone(wait):
        _refuse_transaction(engine.pool)
        with closing(engine.raw_connection()) as lent, _without_transactions(lent.driver_connection) as connection:
            yield connection


@contextmanager
def _alone(wait: float) -> Iterator[None]:
    """Keep other threads out; a hook of the run that has the connection may ask on it."""
    if is_taken(_MEMORY):
        yield
        return
    if not _MEMORY.acquire(timeout=min(wait, threading.TIMEOUT_MAX)):
        raise LockHeld(f"Database in memory was in use by another run of this process for {wait:.0f} s: try again")
    try:
        with taken(_MEMORY, ""):
            yield
    finally:
        _MEMORY.release()


def _refuse_transaction(pool: sa.Pool) -> None:
    """Raise before the connection is borrowed: giving it back rolls back what the application has begun on it."""
    if isinstance(pool, sa.StaticPool) and getattr(pool.connection.driver_connection, "in_transaction", False):
        raise EnvironmentFailed(_IN_TRANSACTION)


@contextmanager
def _without_transactions(connection: Any) -> Iterator[sqlite3.Connection]:
    """Take over when transactions begin, on a connection that somebody else uses before and afterwards."""
    if connection.in_transaction:
        raise EnvironmentFailed(_IN_TRANSACTION)
    before, connection.isolation_level = connection.isolation_level, None
    try:
        yield connection
    finally:
        connection.isolation_level = before
