"""The sessions of a run: who they say they are, how long they wait, and that they end when the runner does."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

import psycopg
import sqlalchemy as sa
from psycopg import errors, pq
from psycopg.types.json import Jsonb

from revgate.migration.database import Database
from revgate.migration.errors import PoolerRefused

_LONGEST_NAME: Final = 63  # PostgreSQL cuts the rest of an application_name


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a statement of a revision may wait for a lock, and may run; in seconds, 0 for ever."""

    lock: float = 0.5
    statement: float = 0.0


def application_name(job: str, part: str = "") -> str:
    """Return what pg_stat_activity shows: ``revgate/JOB`` or ``revgate/JOB/PART``."""
    return "/".join(word for word in ("revgate", job, part) if word)[:_LONGEST_NAME]


@contextmanager
def revision_engine(database: Database, application: str, patience: Patience) -> Iterator[sa.Engine]:
    """Yield the engine whose connections run env.py and the revisions; none is kept when it is closed."""
    engine = sa.create_engine(database.url, poolclass=sa.NullPool, connect_args=database.connect_args(application))

    @sa.event.listens_for(engine, "connect")
    def settle(connection: psycopg.Connection, _record: object) -> None:
        set_up(connection, settings(patience))
        connection.commit()
        end_with_the_runner(connection)

    try:
        yield engine
    finally:
        engine.dispose()


def settings(patience: Patience) -> dict[str, str]:
    """Return the settings of a session that runs revisions."""
    return {
        "lock_timeout": milliseconds(patience.lock),
        "statement_timeout": milliseconds(patience.statement),
        "idle_in_transaction_session_timeout": "0",  # a revision may think in Python for long
    }


def end_with_the_runner(connection: psycopg.Connection) -> None:
    """Make the server look every half a second whether we live: else a killed runner's statement keeps its locks."""
    with suppress(errors.InvalidParameterValue), connection.transaction():  # servers on some systems cannot look
        set_up(connection, {"client_connection_check_interval": "500ms"})


def hold_for_long(connection: psycopg.Connection) -> None:
    """Keep a session that mostly waits from being ended by the server for that."""
    set_up(connection, {"idle_session_timeout": "0", "lock_timeout": "10s"})


def set_up(connection: psycopg.Connection, values: Mapping[str, str]) -> None:
    """Apply the settings that this server knows: some are newer than the oldest PostgreSQL."""
    connection.execute(
        "SELECT set_config(name, %(values)s::jsonb ->> name, false) FROM pg_settings WHERE name = ANY(%(names)s)",
        {"values": Jsonb(dict(values)), "names": list(values)},
    )


def milliseconds(seconds: float) -> str:
    """Return seconds as PostgreSQL's timeouts are written; any positive time stays one."""
    return f"{max(1, round(seconds * 1000))}ms" if seconds > 0 else "0"


def refuse_pooler(connection: psycopg.Connection) -> None:
    """Raise PoolerRefused when somebody sits between us and the server.

    A session lock taken through a transaction pooler excludes nobody. The server names its process while connecting,
    and a pooler makes that number up.
    """
    seen = connection.execute("SELECT pg_backend_pid()").fetchone()
    if seen is None or seen[0] != connection.info.backend_pid:
        raise PoolerRefused(
            "The database URL leads to a connection pooler, through which the migration lock would not hold: "
            "give the URL of the PostgreSQL server itself"
        )


def is_lost(connection: psycopg.Connection) -> bool:
    """Whether this connection can be used no more."""
    return connection.closed or connection.pgconn.status == pq.ConnStatus.BAD


def first_value(connection: psycopg.Connection, query: Any, params: Mapping[str, Any] | None = None) -> Any:
    """Return the first column of the first row, or None without a row."""
    row = connection.execute(query, params).fetchone()
    return row[0] if row else None
