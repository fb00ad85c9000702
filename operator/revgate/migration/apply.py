"""The second pass of env.py: one revision a transaction, with its ledger row, under the lock that is still held."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
import structlog
from alembic.runtime.migration import MigrationContext, MigrationStep

from revgate.migration.blockers import BlockerWatch
from revgate.migration.environment import Pass, run_environment
from revgate.migration.errors import Conflict, MigrationError, RevisionFailed, WrongDatabase
from revgate.migration.failures import Flight, meaning_of
from revgate.migration.history import read_heads
from revgate.migration.ledger import Ledger
from revgate.migration.ledger_rows import Provenance, record_applied
from revgate.migration.lock import HeldLock
from revgate.migration.look import Project
from revgate.migration.signals import Stop


@dataclass(slots=True)
class Upgrade:
    """An upgrade under way: what it was given, and how far it is."""

    project: Project
    heads: tuple[str, ...]
    pending: tuple[str, ...]
    lock: HeldLock
    ledger: Ledger | None
    provenance: Provenance
    watch: BlockerWatch
    checkpoint: Callable[[], None]
    connection: sa.Connection
    expected: set[str] = field(default_factory=set)  # the heads after the last revision
    revision: str = ""  # in flight, "" between two
    committed: bool = False
    started: datetime | None = None

    def run(self, target: str, scene: sa.Connection) -> None:
        """Apply what is pending.

        Raises:
            MigrationError: the one that says what to do next.
        """
        one = Pass(self.project.scripts, target, self.connection, self.steps, (self.on_version_apply,))
        try:
            run_environment(one, scene)
        except Stop:
            raise
        except BaseException as error:
            raise meaning_of(error, self.flight) from error
        if self.revision:
            raise RevisionFailed(f"{self.flight.name} failed, and env.py hid the error: see the log", self.revision)

    def steps(self, heads: tuple[str, ...], context: MigrationContext) -> Iterable[Any]:
        """Yield one step a revision; Alembic asks for the next one when the last is committed."""
        if set(heads) != set(self.heads):
            raise self._elsewhere(heads)
        relax_autocommit_blocks(context, self.enter_autocommit_block)
        directory = self.project.scripts.directory
        for revision in self.pending:
            with self.applying(revision):
                script = directory.get_revision(revision)
                yield MigrationStep.upgrade_from_script(directory.revision_map, script)

    def _elsewhere(self, heads: tuple[str, ...]) -> MigrationError:
        """Return what it means that env.py reads other heads than we did: another table, or another time."""
        place = self.project.history.place
        found = f"{', '.join(sorted(heads)) or 'no revision'} and not {', '.join(self.heads) or 'no revision'}"
        if set(read_heads(self.lock.connection, self.project.history)) == set(heads):
            return Conflict(f"Version table {place} was changed by somebody else meanwhile: it is at {found}")
        return WrongDatabase(f"env.py read the version table elsewhere than {place}: it found {found}")

    @contextmanager
    def applying(self, revision: str) -> Iterator[None]:
        """Surround one revision: before it no transaction is open, after it the revision is committed."""
        self.checkpoint()
        self.started = self.lock.check()
        self.watch.forget()
        log = structlog.get_logger().bind(revision=revision, file=self.project.revisions.known[revision].file)
        log.info("revision_started")
        self.revision, self.committed = revision, False
        began = time.monotonic()
        yield
        self.revision = ""
        log.info("revision_applied", seconds=round(time.monotonic() - began, 3))

    def on_version_apply(self, *, ctx: MigrationContext, heads: Iterable[str], **_: object) -> None:
        """Write the ledger row: Alembic calls this in the revision's transaction, after the version row."""
        self.lock.check()
        self.expected = set(heads)
        if self.ledger is not None and ctx.connection is not None and self.started is not None:
            known = self.project.revisions.known[self.revision]
            record_applied(ctx.connection, self.ledger, known, self.started, self.provenance)

    def enter_autocommit_block(self) -> None:
        """Note that something of the revision in flight is committed from here on."""
        self.committed = True

    @property
    def flight(self) -> Flight:
        """Return what is being done just now."""
        known = self.project.revisions.known.get(self.revision)
        return Flight(self.revision, known.file if known else "", self.committed, self.watch.seen)


def relax_autocommit_blocks(context: MigrationContext, entered: Callable[[], None]) -> None:
    """Let statements in an autocommit block wait for locks, and run, for as long as they need.

    CREATE INDEX CONCURRENTLY waits for every old snapshot in the database and holds up nobody meanwhile; a timeout
    would leave an invalid index behind.
    """
    original: Callable[[], AbstractContextManager[None]] = context.autocommit_block

    @contextmanager
    def relaxed() -> Iterator[None]:
        entered()
        with _reason_kept(), original():
            before = _timeouts(context.connection)
            _set_timeouts(context.connection, ("0", "0"))
            try:
                yield
            finally:
                with suppress(sa.exc.SQLAlchemyError):  # the connection may be what failed, and that is told already
                    _set_timeouts(context.connection, before)

    context.autocommit_block = relaxed  # type: ignore[method-assign]  # on this instance only


@contextmanager
def _reason_kept() -> Iterator[None]:
    """Raise why a session was lost, and not what SQLAlchemy then says to the end of an autocommit block."""
    try:
        yield
    except sa.exc.InvalidRequestError as error:
        if isinstance(error.__context__, sa.exc.DBAPIError) and error.__context__.connection_invalidated:
            raise error.__context__ from None
        raise


def _timeouts(connection: sa.Connection | None) -> tuple[str, str]:
    assert connection is not None
    query = "SELECT current_setting('lock_timeout'), current_setting('statement_timeout')"
    lock, statement = connection.exec_driver_sql(query).one()
    return lock, statement


def _set_timeouts(connection: sa.Connection | None, values: tuple[str, str]) -> None:
    assert connection is not None
    query = "SELECT set_config('lock_timeout', %(l)s, false), set_config('statement_timeout', %(s)s, false)"
    connection.exec_driver_sql(query, {"l": values[0], "s": values[1]})
