"""The second pass of env.py: one revision a transaction, with its ledger row, under the lock that is still held."""

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext, MigrationStep

from revgate.migration.database import Closing, Lock, Watch
from revgate.migration.environment.autocommit import relax_autocommit_blocks
from revgate.migration.environment.environment import Pass, run_environment
from revgate.migration.environment.gathering import Gathering
from revgate.migration.environment.heads import commits_next, is_plain, refuse_other_count, take_row, version_table_of
from revgate.migration.errors import Conflict, MigrationError, RevisionFailed, WrongDatabase
from revgate.migration.failures import Flight, meaning_of
from revgate.migration.findings import RevisionRun
from revgate.migration.hooks import Hooks
from revgate.migration.including.command import DIRECTION
from revgate.migration.ledger_writer import LedgerWriter
from revgate.migration.look import Project
from revgate.migration.output.log import get_logger
from revgate.migration.project.revisions import import_revisions
from revgate.migration.project.simple import is_simple
from revgate.migration.signals import Stop

_MOMENT: Final = 0.2  # seconds; thousands of small revisions do not each need a question of their own


@dataclass(frozen=True, slots=True)
class Task:
    """Which revisions are gone through, in this order, and which way. `target` is what env.py may ask for."""

    heads: tuple[str, ...]  # where this begins
    revisions: tuple[str, ...]
    target: str
    is_upgrade: bool = True


@dataclass(slots=True)
class Application:
    """A task under way: what it was given, and how far it is."""

    project: Project
    task: Task
    lock: Lock
    heads_now: Callable[[], tuple[str, ...]]  # what the version table says, read from another session
    ledger: LedgerWriter | None
    watch: Watch
    checkpoint: Callable[[], None]
    hooks: Hooks
    connection: sa.Connection
    closing: Closing | None  # where there are many
    gathering: Gathering | None = None  # the same
    runs: list[RevisionRun] = field(default_factory=list)
    expected: set[str] = field(default_factory=set)  # the heads after the last revision
    reached: tuple[str, ...] = ()  # the same, once it was committed
    revision: str = ""  # in flight, "" between two
    committed: bool = False
    repeatable: bool = False
    started: datetime | None = None
    began: float = 0.0  # the same by our clock
    log: Any = field(default_factory=get_logger)
    moved: str = ""  # from where the version table's row is to go with the ledger's, "" when Alembic has moved it
    version_table: str = ""  # as it stands in a statement, for those rows
    seen: tuple[float, datetime] | None = None  # when the lock was ours, by our clock and by the server's

    def run(self, scene: sa.Connection) -> None:
        """Go through the revisions.

        Raises:
            MigrationError: the one that says what to do next.
        """
        scripts, target = self.project.scripts, self.task.target
        way = {DIRECTION: self.way}  # for include_in_alembic
        one = Pass(scripts, target, self.connection, self.steps, (self.on_version_apply,), options=way)
        try:
            run_environment(one, scene)
        except Stop:
            raise
        except BaseException as error:
            meaning = meaning_of(error, self.flight)
            if meaning is error:  # from itself, it would lose what it was raised from
                raise
            raise meaning from error
        if self.revision:
            raise RevisionFailed(f"{self.flight.name} failed, and env.py hid the error: see the log", self.revision)

    def steps(self, heads: tuple[str, ...], context: MigrationContext) -> Iterable[Any]:
        """Yield one step a revision; Alembic asks for the next one when the last is committed."""
        if set(heads) != set(self.task.heads):
            raise self._elsewhere(heads)
        relax_autocommit_blocks(context, self.enter_autocommit_block)
        self.connection.commit()  # reading the heads has begun a transaction, in which a hook would find the database
        directory = self.project.scripts.directory
        scripts = import_revisions(directory, self.task.revisions)  # here, where env.py has set the scene for them
        self._take_rows(context)
        step = MigrationStep.upgrade_from_script if self.task.is_upgrade else MigrationStep.downgrade_from_script
        self.gathering = (
            Gathering(context, self.closing.takes_statements) if self.closing and self.version_table else None
        )
        with self.gathering.listening() if self.gathering else nullcontext():
            for script in scripts:
                self._enter(script.revision)
                if self.gathering and is_simple(script.module.upgrade) and self.gathering.is_fit:
                    self.gathering.begin()
                yield step(directory.revision_map, script)
                self._leave()

    def _elsewhere(self, heads: tuple[str, ...]) -> MigrationError:
        """Return what it means that env.py reads other heads than we did: another table, or another time."""
        place = self.project.history.place
        found = f"{', '.join(sorted(heads)) or 'no revision'} and not {', '.join(self.task.heads) or 'no revision'}"
        if set(self.heads_now()) == set(heads):
            return Conflict(f"Version table {place} was changed by somebody else meanwhile: it is at {found}")
        return WrongDatabase(f"env.py read the version table elsewhere than {place}: it found {found}")

    def _take_rows(self, context: MigrationContext) -> None:
        """Write the version table's row with the ledger's, where nobody sees the difference."""
        is_alone = len(context.on_version_apply_callbacks) == 1  # a callback of env.py's finds the row moved
        if self.ledger is None or not self.task.is_upgrade or not is_alone or not is_plain(context):
            return
        if self.connection.dialect.name == "postgresql":
            self.version_table = version_table_of(context)
            take_row(context, self._take_row)

    def _take_row(self, moved: str, _revision: str) -> bool:
        self.moved = moved
        return True

    def _enter(self, revision: str) -> None:
        """Go to a revision: what is called before it finds no transaction, and the one before it committed."""
        self.checkpoint()
        self.hooks.before_revision(revision)
        self.started, self.began = self._clock(), time.monotonic()
        self.watch.forget()
        self.revision, self.committed, self.repeatable = revision, False, False
        self.log.info("revision_started", revision=revision, file=self._file_of(revision), direction=self.way)
        self.hooks.follower.began(revision)

    def _leave(self) -> None:
        """Leave a revision, which is committed."""
        if self.connection.in_transaction():  # it ended Alembic's transaction itself, and this has the rows
            self.connection.commit()
        revision, self.revision, self.reached = self.revision, "", tuple(sorted(self.expected))
        self.runs.append(RevisionRun(revision, time.monotonic() - self.began, self.way))
        file, seconds = self._file_of(revision), round(self.runs[-1].seconds, 3)
        self.log.info("revision_applied", revision=revision, file=file, direction=self.way, seconds=seconds)
        self.hooks.follower.ended(revision)
        self.hooks.after_revision(revision)

    def on_version_apply(self, *, ctx: MigrationContext, heads: Iterable[str], **_: object) -> None:
        """Write the ledger row: Alembic calls this in the revision's transaction, after the version row."""
        self.expected = set(heads)
        moved, self.moved = self.moved, ""
        before = self.gathering.end() if self.gathering else ()
        if self._committed(ctx, moved, before):
            return
        if self.gathering:
            self.gathering.execute(before)
        now = self._clock()
        if self.ledger is None or ctx.connection is None or self.started is None:
            return
        known = self.project.revisions.known[self.revision]
        if moved:
            where, times = (ctx.connection, known, moved, self.version_table), (self.started, now)
            refuse_other_count(ctx, self.ledger.closed(*where, times), moved, self.revision)
        elif self.task.is_upgrade:
            self.ledger.applied(ctx.connection, known, self.started, now)
        else:
            self.ledger.reverted(ctx.connection, self.revision)

    def _committed(self, ctx: MigrationContext, moved: str, before: Sequence[str]) -> bool:
        """Whether all that is left of a revision could be sent, with its COMMIT, in one message."""
        if self.closing is None or not (moved and commits_next(ctx)):
            return False
        assert self.ledger is not None  # or nothing was moved
        assert ctx.connection is not None
        assert self.started is not None
        self._clock()
        where = ctx.connection, self.project.revisions.known[self.revision], moved, self.version_table
        return self.ledger.committed(self.closing, before, *where, self.started)

    def _clock(self) -> datetime:
        """Return the server's clock, having made sure just now, or a moment ago, that the lock is still ours.

        In that moment, and while a revision that is one message is executed, somebody else may have got it; but then
        one of us finds that the row of the version table is not as it was, and its revision is rolled back.
        """
        elapsed = time.monotonic() - self.seen[0] if self.seen else 0.0
        if self.seen is None or elapsed > _MOMENT:
            self.seen = time.monotonic(), self.lock.check()
            return self.seen[1]
        return self.seen[1] + timedelta(seconds=elapsed)

    def enter_autocommit_block(self, repeatable: bool) -> None:  # noqa: FBT001  what the block says of itself
        """Note that something of the revision in flight is committed from here on."""
        self.repeatable = repeatable and (self.repeatable or not self.committed)
        self.committed = True

    @property
    def way(self) -> str:
        """Return the direction in a word."""
        return "upgrade" if self.task.is_upgrade else "downgrade"

    def _file_of(self, revision: str) -> str:
        return self.project.revisions.known[revision].file

    @property
    def flight(self) -> Flight:
        """Return what is being done just now."""
        known = self.project.revisions.known.get(self.revision)
        file, watch = known.file if known else "", self.watch
        repeatable = self.repeatable or (self.task.is_upgrade and known is not None and known.is_repeatable)
        return Flight(self.revision, file, self.committed, watch.seen, watch.gave_up, repeatable)
