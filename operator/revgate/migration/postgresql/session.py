"""The sessions of a run: who they say they are, how long they wait, and that they end when the runner does."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, TypeAlias

import psycopg
import sqlalchemy as sa
from psycopg import errors, pq
from psycopg.types.json import Jsonb

from revgate.migration.environment.handover import ASKED
from revgate.migration.errors import ConnectionLost, Unreachable
from revgate.migration.patience import Patience
from revgate.migration.postgresql.address import Address
from revgate.migration.postgresql.binding import bind_in_utility_statements
from revgate.migration.postgresql.connect import connect_patiently
from revgate.migration.postgresql.identity import Identity

Server: TypeAlias = tuple[object, ...]
"""What tells one server from another, and a primary from what it was before: the answer to WHICH_SERVER."""

WHICH_SERVER: Final = "SELECT pg_postmaster_start_time(), pg_is_in_recovery()"
_LONGEST_NAME: Final = 63  # PostgreSQL cuts the rest of an application_name
_LASTING: Final = {
    "idle_session_timeout": "0",
    "transaction_timeout": "0",
    "tcp_keepalives_idle": "30s",  # the node of a runner that is gone keeps the lock no longer than a minute or so
    "tcp_keepalives_interval": "10s",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "60s",
}
"""Settings of sessions that may be long idle, whatever the role's own are."""


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """What the engine of a run is like. Without patience its sessions are left as the server makes them."""

    patience: Patience | None
    echo: bool = False
    execution: Mapping[str, Any] = field(default_factory=dict)  # SQLAlchemy's execution options of the user's engine
    identity: Identity = field(default_factory=Identity)


def application_name(job: str, part: str = "") -> str:
    """Return what pg_stat_activity shows: ``revgate/JOB`` or ``revgate/JOB/PART``."""
    return "/".join(word for word in ("revgate", job, part) if word)[:_LONGEST_NAME]


@contextmanager
def revision_engine(address: Address, application: str, options: EngineOptions) -> Iterator[sa.Engine]:
    """Yield the engine whose connections run env.py and the revisions; none is kept when it is closed."""
    engine = sa.create_engine(
        address.url, poolclass=sa.NullPool, creator=partial(_dial, address, application, options), echo=options.echo
    ).execution_options(**{ASKED: options.identity.settings, **options.execution})
    bind_in_utility_statements(engine)

    @sa.event.listens_for(engine, "connect")
    def settle(connection: psycopg.Connection, _record: object) -> None:
        if options.identity.schema:  # which may not be there yet
            engine.dialect.default_schema_name = options.identity.schema
        if options.patience:
            connection.commit()  # what listeners of env.py's to any engine have begun
            connection.autocommit = True  # two messages instead of six
            set_up(connection, settings(options.patience))
            end_with_the_runner(connection)
            connection.autocommit = False

    try:
        yield engine
    finally:
        engine.dispose()


def _dial(address: Address, application: str, options: EngineOptions) -> psycopg.Connection:
    """Connect as patiently as for the control session: many runners at once may need all that the server has."""
    if options.patience is None:
        return address.dial(application)
    connection = connect_patiently(address, application, options.patience.connect)
    connection.autocommit = False
    options.identity.assume(connection)  # before SQLAlchemy asks for the default schema
    return connection


def settings(patience: Patience) -> dict[str, str]:
    """Return the settings of a session that runs revisions."""
    return {
        **_LASTING,
        "lock_timeout": milliseconds(patience.lock),
        "statement_timeout": milliseconds(patience.statement),
        "idle_in_transaction_session_timeout": "0",  # a revision may think in Python for long
    }


def end_with_the_runner(connection: psycopg.Connection) -> None:
    """Make the server look every half a second whether we live: else a killed runner's statement keeps its locks.

    The connection is in autocommit.
    """
    with suppress(errors.InvalidParameterValue):  # servers on some systems cannot look
        set_up(connection, {"client_connection_check_interval": "500ms"})


def hold_for_long(connection: psycopg.Connection) -> None:
    """Keep a session that mostly waits from being ended by the server for that."""
    set_up(connection, {**_LASTING, "statement_timeout": "0", "lock_timeout": "10s"})


def set_up(connection: psycopg.Connection, values: Mapping[str, str]) -> None:
    """Apply the settings that this server knows: some are newer than the oldest PostgreSQL."""
    connection.execute(
        "SELECT set_config(name, %(values)s::jsonb ->> name, false) FROM unnest(%(names)s::text[]) AS name "
        "WHERE current_setting(name, true) IS NOT NULL",  # pg_settings takes ten times as long
        {"values": Jsonb(dict(values)), "names": list(values)},
    )


def milliseconds(seconds: float) -> str:
    """Return seconds as PostgreSQL's timeouts are written; any positive time stays one."""
    return f"{max(1, round(seconds * 1000))}ms" if seconds > 0 else "0"


def refuse_read_only(connection: psycopg.Connection) -> None:
    """Raise Unreachable when the server takes no writes, before a revision fails of it."""
    if first_value(connection, "SELECT current_setting('transaction_read_only')") == "on":
        raise Unreachable("Database server is read-only: it may be a standby, or its disk full")


def refuse_two_servers(ours: Server, theirs: Server) -> None:
    """Raise ConnectionLost when two sessions lead to different servers: a lock on one guards nothing on the other."""
    if ours != theirs:
        raise ConnectionLost("The sessions of the run lead to different servers: a failover came between them")


def is_lost(connection: psycopg.Connection) -> bool:
    """Whether this connection can be used no more."""
    return connection.closed or connection.pgconn.status == pq.ConnStatus.BAD


def first_value(connection: psycopg.Connection, query: Any, params: Mapping[str, Any] | None = None) -> Any:
    """Return the first column of the first row, or None without a row."""
    row = connection.execute(query, params).fetchone()
    return row[0] if row else None
