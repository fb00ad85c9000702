"""Transactions that are some on a host's SQLite connection, however its engine was made.

Python's driver begins none before DDL, and a revision that fails half-way would keep its tables.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa


@contextmanager
def beginning_for_real(connection: sa.Connection) -> Iterator[None]:
    """Make each transaction begin with the write lock while this lasts, where the engine does not begin it itself."""
    if connection.dialect.name != "sqlite":
        yield
        return
    sa.event.listen(connection, "begin", _begin)
    try:
        yield
    finally:
        sa.event.remove(connection, "begin", _begin)


def _begin(connection: sa.Connection) -> None:
    driver: Any = connection.connection.driver_connection  # aiosqlite's has the attribute, too
    if not driver.in_transaction:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
