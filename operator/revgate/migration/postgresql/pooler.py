"""Poolers: recognised, refused, and let be where somebody has promised that they pool sessions.

What a pooler does with its sessions cannot be asked, and seeing two clients with two sessions proves nothing: another
one may have kept the first busy. Seeing them with one proves that it is no session that a client has to itself.
"""

import os
from collections.abc import Callable
from contextlib import closing
from typing import Final, NoReturn

import psycopg

from revgate.contract import names
from revgate.migration.errors import InvalidOptions, PoolerRefused

SESSION: Final = "session"
_LOOKS: Final = 5
_REFUSAL: Final = (
    "The database URL leads to a connection pooler, through which the migration lock would not hold: give the URL of "
    "the PostgreSQL server itself, in a SchemaMigration as database.directUrlFrom"
)


def is_pooled(connection: psycopg.Connection) -> bool:
    """Whether somebody sits between us and the server.

    The server names its process while connecting, and a pooler makes that number up.
    """
    return _backend(connection) != connection.info.backend_pid


def refuse_pooler() -> NoReturn:
    """Raise PoolerRefused: a session lock taken through a transaction pooler excludes nobody."""
    raise PoolerRefused(_REFUSAL)


def refuse_all_but_sessions(connection: psycopg.Connection, connect: Callable[[], psycopg.Connection]) -> None:
    """Refuse the pooler that a connection leads through, unless it was promised to pool sessions and seems to.

    Args:
        connection: in no transaction.
        connect: makes another one of the same kind.

    Raises:
        PoolerRefused: if nobody has promised it, or two clients were seen in one session.
        InvalidOptions: if something else was promised.
    """
    given = os.environ.get(names.POOLER, "").strip()
    if given not in {"", SESSION}:
        raise InvalidOptions(f"{names.POOLER} is {given!r}: set it to {SESSION}, or not at all")
    if not given:
        raise PoolerRefused(f"{_REFUSAL}, or set {names.POOLER}={SESSION} where it pools sessions")
    with closing(connect()) as other:
        seen = [(_backend(connection), _backend(other)) for _ in range(_LOOKS)]
    if len(set(seen)) > 1 or seen[0][0] == seen[0][1]:
        raise PoolerRefused(
            f"{names.POOLER} promises a pooler of sessions, but one session of the server served two connections, or "
            "one connection was served by two: give the URL of the PostgreSQL server itself"
        )


def _backend(connection: psycopg.Connection) -> int:
    row = connection.execute("SELECT pg_backend_pid()", prepare=False).fetchone()  # it would be of one session
    return int(row[0]) if row else 0
