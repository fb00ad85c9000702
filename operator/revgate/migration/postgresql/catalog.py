"""Changing what all histories of a database share: schemas and rights, by one runner at a time.

PostgreSQL fails one of two sessions that write the same row of its catalog, also for CREATE SCHEMA IF NOT EXISTS.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg


@contextmanager
def catalog_held(connection: psycopg.Connection) -> Iterator[None]:
    """Surround a change of the catalog by a transaction with the lock that all runners take for it.

    Whether there is something to do must be asked again inside: another runner may just have done it.
    """
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('revgate:ledger', 0))")
        yield
