"""The sessions of one run on SQLite."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext

from revgate.migration.database import Visit
from revgate.migration.failures import Flight, meaning_of
from revgate.migration.history import History
from revgate.migration.reentry import REFUSAL, taken
from revgate.migration.seen import Seen
from revgate.migration.sqlite.file import BEGIN, Address, check_open, new_engine
from revgate.migration.sqlite.ledger import SqliteLedger, create_ledger, find_ledger, has_other_tables, read_heads
from revgate.migration.sqlite.lock import file_locked
from revgate.migration.sqlite.memory import borrowed


@dataclass(frozen=True, slots=True)
class SQLite:
    """One database of SQLite."""

    address: Address
    echo: bool = False
    execution: Mapping[str, Any] = field(default_factory=dict)  # SQLAlchemy's execution options of the user's engine
    memory: sa.Engine | None = None  # the user's engine, when the database lives in the memory of its connection

    @property
    def place(self) -> str:
        """Return the file."""
        return self.address.place

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return nothing: a file has no password."""
        return ()

    def url(self) -> sa.URL:
        """Return the file's."""
        return self.address.url

    @contextmanager
    def open(self, visit: Visit) -> Iterator["SqliteSessions"]:
        """Open the sessions of a run; whatever the driver raises inside leaves as an error of ours."""
        with self._reached(visit) as address, self._opened(address, visit) as sessions:
            yield sessions

    @contextmanager
    def _reached(self, visit: Visit) -> Iterator[Address]:
        if self.memory is not None:
            with borrowed(self.memory, visit.patience.runner) as shared:
                yield replace(self.address, shared=shared)
        elif visit.reads_only and self.address.is_missing:
            with closing(sqlite3.connect(":memory:", isolation_level=None)) as empty:
                yield replace(self.address, shared=empty)  # a question makes no file
        else:
            yield self.address

    @contextmanager
    def _opened(self, address: Address, visit: Visit) -> Iterator["SqliteSessions"]:
        check_open(address, visit.patience.lock)
        engine = new_engine(address, visit.patience.lock, self.echo, self.execution)
        control = address.dial(visit.patience.lock)
        try:
            yield SqliteSessions(address, visit, control, engine)
        except (sqlite3.Error, sa.exc.DBAPIError) as error:
            raise meaning_of(error, Flight()) from error
        finally:
            if address.shared is None:
                control.close()
                engine.dispose()


@dataclass(frozen=True, slots=True)
class SqliteSessions:
    """See Sessions."""

    address: Address
    visit: Visit
    control: sqlite3.Connection
    engine: sa.Engine

    def locate(self, context: MigrationContext) -> History:
        """Return the history that env.py has configured; attached databases are not looked into."""
        return History(self.address.place, "", context.version_table)

    def heads(self, history: History) -> tuple[str, ...]:
        """Return the sorted rows of the version table."""
        return read_heads(self.control, history)

    def has_tables(self, history: History) -> bool:
        """Whether the file has other tables than the version table and the ledger."""
        return has_other_tables(self.control, history)

    def ledger(self, history: History) -> SqliteLedger | None:
        """Return the ledger, or None when there is none yet."""
        return find_ledger(self.control, history)

    @contextmanager
    def locked(self, history: History) -> Iterator["SqliteLock"]:
        """Hold the lock of the file; a database in memory has nobody else."""
        file = self.address.file
        with (
            taken((self.address.place, history), REFUSAL),
            nullcontext() if file is None else file_locked(file, self.visit.patience.runner),
        ):
            yield SqliteLock(self.control, history)

    def hastened(self, connection: sa.Connection, revisions: int) -> AbstractContextManager[None]:  # noqa: ARG002
        """Hasten nothing: a file is waited for as the user's engine has it."""
        return nullcontext()

    @contextmanager
    def watching(self, connection: sa.Connection) -> Iterator["NobodySeen"]:
        """Watch nobody: SQLite does not tell who else has a file open. Transactions take its write lock at once."""
        connection.execution_options(**{BEGIN: "IMMEDIATE"})
        yield NobodySeen()


@dataclass(frozen=True, slots=True)
class SqliteLock:
    """See Lock."""

    control: sqlite3.Connection
    history: History

    def check(self) -> datetime:
        """Return this machine's clock: the kernel keeps the lock for as long as we live."""
        return datetime.now(UTC)

    def extend_to(self, connection: sa.Connection) -> None:
        """Do nothing: what a process has begun in a file ends with it."""

    def ensure_schema(self) -> None:
        """Do nothing: SQLite has no schemas."""

    def create_ledger(self) -> SqliteLedger:
        """Create the ledger where it is missing."""
        return create_ledger(self.control, self.history)


class NobodySeen:
    """See Watch."""

    seen: tuple[Seen, ...] = ()
    gave_up = False

    def forget(self) -> None:
        """Forget nothing."""
