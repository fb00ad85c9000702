"""The sessions of one run on PostgreSQL: a control session that holds the lock, and an engine for the revisions."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Final

import psycopg
import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext
from psycopg import errors, sql

from revgate.migration.database import Visit
from revgate.migration.errors import ConnectionLost, EnvironmentFailed, PermissionDenied
from revgate.migration.failures import Flight, meaning_of
from revgate.migration.history import History
from revgate.migration.output.wording import first_line
from revgate.migration.patience import Patience
from revgate.migration.postgresql.address import Address, url_of
from revgate.migration.postgresql.blockers import BlockerWatch, watching
from revgate.migration.postgresql.closing import Closing
from revgate.migration.postgresql.connect import connect, connect_patiently
from revgate.migration.postgresql.hastening import hastened
from revgate.migration.postgresql.identity import Identity
from revgate.migration.postgresql.ledger import PostgresLedger, create_ledger, find_ledger
from revgate.migration.postgresql.lock import HeldLock, locked
from revgate.migration.postgresql.pooler import is_pooled, refuse_all_but_sessions
from revgate.migration.postgresql.session import (
    WHICH_SERVER,
    EngineOptions,
    application_name,
    first_value,
    hold_for_long,
    is_lost,
    refuse_read_only,
    refuse_two_servers,
    revision_engine,
    set_up,
    settings,
)
from revgate.migration.postgresql.tables import ensure_schema, other_tables, read_heads
from revgate.migration.reentry import REFUSAL, taken

_PLACE: Final = (
    "SELECT current_database(), coalesce((SELECT n.nspname FROM pg_class c JOIN pg_namespace n "
    "ON n.oid = c.relnamespace WHERE c.relname = %(table)s AND pg_table_is_visible(c.oid)), current_schema()), "
    "current_setting('role'), current_setting('search_path')"
)


@dataclass(frozen=True, slots=True)
class PostgreSQL:
    """One database of a PostgreSQL server."""

    address: Address
    echo: bool = False
    execution: Mapping[str, Any] = field(default_factory=dict)  # SQLAlchemy's execution options of the user's engine
    identity: Identity = field(default_factory=Identity)

    @property
    def place(self) -> str:
        """Return HOST:PORT/NAME."""
        return self.address.place

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return what no text may hold."""
        return self.address.secrets

    def url(self) -> sa.URL:
        """Return where a connection leads to that is made now: arguments, a creator or listeners may decide it."""
        with closing(connect(self.address, application_name(""))) as connection:
            return url_of(connection.info)

    @contextmanager
    def open(self, visit: Visit) -> Iterator["PostgresSessions"]:
        """Open the sessions of a run; whatever the driver raises inside leaves as an error of ours."""
        name = application_name(visit.job, "" if visit.reads_only else "lock")
        with closing(connect_patiently(self.address, name, visit.patience.connect)) as control:
            try:
                options = EngineOptions(self._settle(control, visit), self.echo, self.execution, self.identity)
                with revision_engine(self.address, application_name(visit.job), options) as engine:
                    yield PostgresSessions(self.address, visit, control, engine, self.identity)
            except (psycopg.Error, sa.exc.DBAPIError) as error:
                raise meaning_of(error, Flight()) from error
            except EnvironmentFailed as error:
                meaning = _environment_or_connection(error, control)
                if meaning is error:
                    raise
                raise meaning from error

    def _settle(self, control: psycopg.Connection, visit: Visit) -> Patience | None:
        """Set up the control session; through a pooler, settings would go to whoever gets the server's session next."""
        if is_pooled(control):
            if visit.reads_only:
                return None
            refuse_all_but_sessions(control, partial(connect, self.address, application_name(visit.job, "look")))
        if visit.reads_only:
            set_up(control, settings(visit.patience))
        else:
            hold_for_long(control)
        self.identity.assume(control)
        return visit.patience


@dataclass(frozen=True, slots=True)
class PostgresSessions:
    """See Sessions."""

    address: Address
    visit: Visit
    control: psycopg.Connection
    engine: sa.Engine
    identity: Identity = field(default_factory=Identity)

    def locate(self, context: MigrationContext) -> History:
        """Return the history that env.py has configured."""
        assert context.connection is not None
        values = {"table": context.version_table}
        database, visible, role, search_path = context.connection.exec_driver_sql(_PLACE, values).one()
        self.identity.refuse_other(role, search_path)
        schema = _translated(context) or visible or self.identity.schema or None
        if schema is None:
            raise PermissionDenied("No schema of the search_path exists for this user: create it, or set search_path")
        return History(database, schema, context.version_table, "" if role == "none" else role)

    def heads(self, history: History) -> tuple[str, ...]:
        """Return the sorted rows of the version table."""
        self.become(history.role)
        return read_heads(self.control, history)

    def has_tables(self, history: History) -> bool:
        """Whether the version table's schema has other tables than that and the ledger."""
        return other_tables(self.control, history) > 0

    def ledger(self, history: History) -> PostgresLedger | None:
        """Return the ledger that this user can write to, or read where the visit only reads."""
        self.become(history.role)
        return find_ledger(self.control, history, reads_only=self.visit.reads_only)

    def become(self, role: str) -> None:
        """Be on the control session who env.py makes us: then everything has one owner."""
        if role:
            self.control.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))

    @contextmanager
    def locked(self, history: History) -> Iterator["PostgresLock"]:
        """Hold the lock of a history, on a server that takes writes."""
        self.become(history.role)
        refuse_read_only(self.control)
        wait = self.visit.patience.runner
        with taken((self.address.place, history), REFUSAL), locked(self.control, history, wait) as lock:
            yield PostgresLock(lock, self.identity)

    def hastened(self, connection: sa.Connection, revisions: int) -> AbstractContextManager[Closing | None]:
        """Let many revisions be committed without waiting for the disk, or the server, more than they must."""
        return hastened(self.control, connection, revisions)

    @contextmanager
    def watching(self, connection: sa.Connection) -> Iterator[BlockerWatch]:
        """Watch who keeps this connection waiting; it must lead to the server that holds the lock."""
        pid = int(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())
        here, there = self.control.execute(WHICH_SERVER), connection.exec_driver_sql(WHICH_SERVER)
        refuse_two_servers(tuple(here.fetchone() or ()), tuple(there.one()))
        connection.rollback()  # Alembic must find it in no transaction, or would leave committing to us
        watcher = partial(connect, self.address, application_name(self.visit.job, "watch"))
        with watching(pid, self.visit.patience, watcher) as watch:
            yield watch


@dataclass(frozen=True, slots=True)
class PostgresLock:
    """See Lock."""

    held: HeldLock
    identity: Identity = field(default_factory=Identity)

    def check(self) -> datetime:
        """Return the server's clock, having made sure that the lock is still ours."""
        return self.held.check()

    def extend_to(self, connection: sa.Connection) -> None:
        """Keep the next runner waiting until this session has ended, too."""
        self.held.extend_to(connection)

    def ensure_schema(self) -> None:
        """Create the version table's schema when it is missing."""
        self.identity.ensure_schema(self.held.connection)
        ensure_schema(self.held.connection, self.held.history)

    def create_ledger(self) -> PostgresLedger:
        """Create the ledger where it is missing."""
        try:
            return create_ledger(self.held.connection, self.held.history)
        except errors.InsufficientPrivilege as error:
            raise PermissionDenied(
                f"Ledger could not be created: {first_line(error)}; grant CREATE on the database or on schema "
                f"{self.held.history.schema} to this user, or switch the ledger off"
            ) from error


def _translated(context: MigrationContext) -> str | None:
    """Return the version table's schema as statements of SQLAlchemy see it: env.py may map "none" to a tenant's."""
    assert context.connection is not None
    names = context.connection.get_execution_options().get("schema_translate_map") or {}
    schema: str | None = names.get(context.version_table_schema, context.version_table_schema)
    return schema


def _environment_or_connection(
    error: EnvironmentFailed, control: psycopg.Connection
) -> EnvironmentFailed | ConnectionLost:
    """Return what to make of an env.py that failed: when the server is gone, that is the reason."""
    try:
        if not is_lost(control):
            first_value(control, "SELECT 1")
    except psycopg.Error:
        pass
    else:
        if not is_lost(control):
            return error
    return ConnectionLost(f"The server ended our sessions while env.py ran: {error}")
