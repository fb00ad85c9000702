"""What a run needs of a database, whichever it is. `postgresql` and `sqlite` have it."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext

from revgate.migration.history import History
from revgate.migration.ledger import Ledger
from revgate.migration.patience import Patience
from revgate.migration.seen import Seen


@dataclass(frozen=True, slots=True)
class Visit:
    """On what terms a run comes to a database. `job` is told to whoever looks at the sessions of the server."""

    patience: Patience
    job: str = ""
    reads_only: bool = False  # no lock is taken and nothing is written: a pooler may be in between


class Lock(Protocol):
    """The right to change a history: one runner at a time has it."""

    def check(self) -> datetime:
        """Return the database's clock, having made sure that the lock is still ours.

        Raises:
            ConnectionLost: if the session that held it is gone, say by a failover.
        """

    def extend_to(self, connection: sa.Connection) -> None:
        """Keep the next runner waiting until this session has ended, which a killed runner's may do later than it.

        The connection is in no transaction before and after.
        """

    def ensure_schema(self) -> None:
        """Create the version table's schema when it is missing: Alembic creates the table only."""

    def create_ledger(self) -> Ledger:
        """Create the ledger where it is missing, and return it.

        Raises:
            PermissionDenied: saying what to grant.
        """


class Watch(Protocol):
    """Remembers who last kept the session that runs the revisions waiting."""

    @property
    def seen(self) -> Sequence[Seen]:
        """Whom it saw."""

    @property
    def gave_up(self) -> bool:
        """Whether it ended the wait, because those whom it saw did nothing."""

    def forget(self) -> None:
        """Begin anew: another revision runs now."""


class Closing(Protocol):
    """Ends transactions with the statement that is always their last, in one message to the server."""

    def takes_statements(self) -> bool:
        """Whether nobody in the database can tell that others came first in the same message."""
        ...

    def commit_after(self, statement: str, values: Sequence[str], before: Sequence[str]) -> bool:
        """Execute a statement and commit; the driver then finds that it is in no transaction any more.

        Args:
            statement: the same one each time, with parameters such as `$1`.
            values: of them.
            before: SQLAlchemy's statements that come first, in the transaction that is open or one of their own.

        Returns:
            False where that could not be, and nothing was done.
        """


class Sessions(Protocol):
    """The sessions of one run on one database; the errors of its driver leave them as ours."""

    @property
    def engine(self) -> sa.Engine:
        """The engine whose connections run env.py and the revisions; none is kept after a run."""

    def locate(self, context: MigrationContext) -> History:
        """Return the history that env.py has configured, and be from now on who it made us."""

    def heads(self, history: History) -> tuple[str, ...]:
        """Return the sorted rows of the version table; none when there is no such table yet."""

    def has_tables(self, history: History) -> bool:
        """Whether there are tables where the version table is, or would be, other than that and the ledger."""

    def ledger(self, history: History) -> Ledger | None:
        """Return the ledger that this user can write to, or on a visit that only reads can read; None without one."""

    def locked(self, history: History) -> AbstractContextManager[Lock]:
        """Hold the lock of a history.

        Raises:
            LockHeld: naming who has it, after the time that patience allows.
        """

    def hastened(self, connection: sa.Connection, revisions: int) -> AbstractContextManager[Closing | None]:
        """Let many revisions be committed quickly; when the block ends, all of them survive a crash of the server."""

    def watching(self, connection: sa.Connection) -> AbstractContextManager[Watch]:
        """Watch who keeps this connection waiting."""


class Database(Protocol):
    """One database, by the name and rights that the user gave."""

    @property
    def place(self) -> str:
        """HOST:PORT/NAME or the file, which is no secret."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no text may hold."""

    def url(self) -> sa.URL:
        """Return where connections really lead to, password and all: an engine's URL may say little or nothing."""

    def open(self, visit: Visit) -> AbstractContextManager[Sessions]:
        """Open the sessions of a run.

        Raises:
            MigrationError: the class says what was wrong.
        """
