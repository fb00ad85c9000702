"""The library: one class that an application embeds. The migration Job runs the same courses."""

import os
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, Generic, Literal, TypeAlias, TypedDict, TypeVar, Unpack, cast, overload

from sqlalchemy import Engine

from revgate.migration.backups.backup import Backup
from revgate.migration.errors import MigrationError, UnknownRevision
from revgate.migration.findings import Findings
from revgate.migration.hooks import Hooks
from revgate.migration.ledger import Edited, LedgerWish
from revgate.migration.library.answers import answers
from revgate.migration.library.arguments import (
    config_path,
    refuse_engine,
    refuse_no_bool,
    refuse_no_version,
    refuse_options,
    way_down,
)
from revgate.migration.library.calling import call
from revgate.migration.library.engine_kinds import is_async_engine
from revgate.migration.library.engines import database_of
from revgate.migration.library.inspection import Inspection, inspect, refuse_mismatch
from revgate.migration.library.memory import Memory
from revgate.migration.library.results import MigrationResult, result_of
from revgate.migration.library.user_hooks import UserHooks, call_all
from revgate.migration.look import Look
from revgate.migration.output.log import get_logger
from revgate.migration.patience import Patience
from revgate.migration.project.scripts import Scripts, find_scripts, scripts_of
from revgate.migration.run import Request, migrate
from revgate.migration.stamping import stamp
from revgate.migration.stopping import check
from revgate.migration.undo import downgrade

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

EngineT = TypeVar("EngineT", "Engine", "AsyncEngine")
AnswerT = TypeVar("AnswerT")
ConfigPath: TypeAlias = str | os.PathLike[str] | None
_HEAD: Final = "head"
_IDLE_BLOCKERS: Final = 20.0  # in the process of an application, it may be the application itself


class Options(TypedDict, total=False):
    """How a runner goes about it; times in seconds."""

    lock_wait: float  # for another runner of this history: 600
    lock_timeout: float  # that a statement of a revision waits for a table, PostgreSQL's lock_timeout: 0.5
    lock_retries: int  # how often a revision that met a lock timeout is tried again: 5
    connect_wait: float  # for a server that is not there yet: 20
    backup: Backup | None  # taken before the first statement; the upgrade stops when it fails
    edited: Literal["refuse", "accept"]  # an applied revision whose file was edited since: refuse
    baseline: str  # where a database is that has tables and no revision, such as "0001": none
    x_args: Sequence[str]  # what env.py gets from context.get_x_argument(), such as "tenant=acme"
    on_result: Callable[[MigrationResult], object] | None  # called after each run, also one that failed


class MigrationRunner(Generic[EngineT, AnswerT]):
    """Migrates the database of an engine: its methods answer at once, or are awaited with an AsyncEngine.

    One runner may be used from many threads and tasks; in a process, one migration is at work at a time.

    Args:
        engine: SQLAlchemy's Engine or AsyncEngine, of PostgreSQL or SQLite.
        alembic_config_path: an alembic.ini or pyproject.toml; the bundled revisions when it is left out.
        echo: print the SQL, as SQLAlchemy's engines do.
        dry_run: upgrades and downgrades return the SQL statements that would run, and execute nothing.

    Raises:
        MigrationError: if an argument is none that it can be, or there are no scripts.
    """

    @overload
    def __init__(
        self: "MigrationRunner[Engine, None]",
        engine: Engine,
        alembic_config_path: ConfigPath = None,
        echo: bool = False,
        dry_run: Literal[False] = False,
        **options: Unpack[Options],
    ) -> None: ...
    @overload
    def __init__(
        self: "MigrationRunner[AsyncEngine, None]",
        engine: "AsyncEngine",
        alembic_config_path: ConfigPath = None,
        echo: bool = False,
        dry_run: Literal[False] = False,
        **options: Unpack[Options],
    ) -> None: ...
    @overload
    def __init__(
        self: "MigrationRunner[Engine, list[str]]",
        engine: Engine,
        alembic_config_path: ConfigPath = None,
        echo: bool = False,
        *,
        dry_run: Literal[True],
        **options: Unpack[Options],
    ) -> None: ...
    @overload
    def __init__(
        self: "MigrationRunner[AsyncEngine, list[str]]",
        engine: "AsyncEngine",
        alembic_config_path: ConfigPath = None,
        echo: bool = False,
        *,
        dry_run: Literal[True],
        **options: Unpack[Options],
    ) -> None: ...
    def __init__(
        self,
        engine: "Engine | AsyncEngine",
        alembic_config_path: ConfigPath = None,
        echo: bool = False,
        dry_run: bool = False,
        **options: Unpack[Options],
    ) -> None:
        """See the class."""
        refuse_engine(engine)
        refuse_no_bool(echo=echo, dry_run=dry_run)
        refuse_options(options, Options.__annotations__)
        self.is_async = is_async_engine(engine)
        self.last_result: MigrationResult | None = None
        self.hooks = UserHooks()
        self.before_upgrade = self.hooks.before_upgrade
        self.after_upgrade = self.hooks.after_upgrade
        self.before_revision = self.hooks.before_revision
        self.after_revision = self.hooks.after_revision
        self._dry_run = dry_run
        self._config_path = config_path(alembic_config_path)
        self._engine = engine
        self._options = options
        self._database = database_of(engine, echo=echo)
        self._memory = Memory(engine, self._config_path, options.get("x_args", ()))
        self._scripts()

    @answers
    def upgrade_to_head(self) -> AnswerT:
        """Apply everything that is pending. Safe to call again, and from many processes at once.

        Raises:
            MigrationError: if it did not get there; what was committed stays, and a later call goes on.
        """
        return cast("AnswerT", self._upgrade(_HEAD))

    @answers
    def upgrade_to_version(self, version: str) -> AnswerT:
        """Apply what is pending up to a revision, by its id or its file's name; never downgrades.

        Raises:
            MigrationError: if there is no such revision, or it did not get there.
        """
        refuse_no_version(version)
        return cast("AnswerT", self._upgrade(version))

    @answers
    def downgrade(self, steps: int = 1, target: str | None = None) -> AnswerT:
        """Undo the newest revisions: so many steps, or down to the target, which is a revision or "base".

        Raises:
            MigrationError: if it did not get there.
        """
        return cast("AnswerT", self._downgrade(way_down(steps, target)))

    @answers
    def stamp(self, version: str) -> None:
        """Write into the version table that the database is at a revision, and run nothing.

        Raises:
            MigrationError: if there is no such revision, or the table could not be written.
        """
        refuse_no_version(version)
        self._course(lambda request, findings: stamp(request, version, findings))

    @answers
    def inspect(self) -> Inspection:
        """Say where the database stands: heads, target, pending, and whether anybody knows them.

        Raises:
            MigrationError: if the database could not be asked.
        """
        return self._inspect(_HEAD)

    @answers
    def get_current_version(self) -> str | None:
        """Return the revision in the version table; None when there is none, or on an error, which is logged."""
        try:
            heads = self._inspect("heads").heads
        except MigrationError as error:
            get_logger().warning("current_version_unknown", problem=str(error))
            return None
        return ", ".join(heads) or None

    @answers
    def get_pending_migrations(self) -> list[str]:
        """Return the ids of the revisions that are not applied yet, in apply order.

        Raises:
            UnknownRevision: if the database is at a revision that nobody knows; an empty list would say all is well.
            MigrationError: if the database could not be asked.
        """
        inspection = self._inspect(_HEAD)
        if inspection.unknown:
            raise UnknownRevision(
                f"Database is at {', '.join(inspection.unknown)}, which neither these scripts nor the ledger know: "
                "nobody can say what is pending"
            )
        return list(inspection.pending)

    @answers
    def validate_schema_version(self, expected: str) -> None:
        """Make sure that the database is at exactly this revision.

        Raises:
            VersionMismatchError: with current, expected and kind, if it is not.
            MigrationError: if the database could not be asked.
        """
        refuse_no_version(expected)
        findings = Findings()
        refuse_mismatch(self._inspect("heads", findings), expected, findings)

    def _inspect(self, target: str, findings: Findings | None = None) -> Inspection:
        return inspect(self._request(self._memory.look), target, findings or Findings())

    def _upgrade(self, target: str) -> list[str] | None:
        if self._dry_run:
            from revgate.migration.plans.dry import sql_of_upgrade  # noqa: PLC0415  rendering is for dry runs only

            return sql_of_upgrade(self._request(), target)
        self._course(lambda request, findings: migrate(request, target, findings), self._memory.look_before_run)
        return None

    def _downgrade(self, target: str) -> list[str] | None:
        if self._dry_run:
            from revgate.migration.plans.dry import sql_of_downgrade  # noqa: PLC0415  the same

            return sql_of_downgrade(self._request(), target)
        self._course(lambda request, findings: downgrade(request, target, findings))
        return None

    def _course(self, course: Callable[[Request, Findings], object], look: Look | None = None) -> None:
        """Run one course, and tell what it came to."""
        findings, began = Findings(), time.monotonic()
        failure: MigrationError | None = None
        try:
            course(self._request(look), findings)
        except MigrationError as error:
            failure = error
            raise
        finally:
            self.last_result = result_of(findings, time.monotonic() - began, failure)
            self._tell(self.last_result)

    def _tell(self, result: MigrationResult) -> None:
        """Call on_result; what it raises is not to hide what the run failed of."""
        on_result = self._options.get("on_result")
        try:
            if on_result is not None:
                call(on_result, result)
        except MigrationError as error:
            if result.error is None:
                raise
            get_logger().warning("result_not_told", problem=str(error))

    def _request(self, look: Look | None = None) -> Request:
        options = self._options
        patience = Patience(
            lock=options.get("lock_timeout", 0.5),
            idle_blockers=_IDLE_BLOCKERS,
            connect=options.get("connect_wait", 20.0),
            runner=options.get("lock_wait", 600.0),
        )
        return Request(
            database=self._database,
            scripts=self._scripts(),
            patience=patience,
            lock_retries=options.get("lock_retries", 5),
            baseline=options.get("baseline", ""),
            ledger=LedgerWish(edited=Edited(options.get("edited", Edited.REFUSE))),
            hooks=Hooks(
                before_upgrade=self._before_upgrade,
                before_revision=partial(call_all, self.hooks.before_revisions),
                after_revision=partial(call_all, self.hooks.after_revisions),
                after_upgrade=partial(call_all, self.hooks.after_upgrades),
                follower=self.hooks.follower,
            ),
            checkpoint=check,
            look=look or self._memory.look_anew,
        )

    def _scripts(self) -> Scripts:
        """Find the scripts anew: what Alembic keeps of them is for one run."""
        path = self._config_path
        return find_scripts({}, bundled=True) if path is None else scripts_of(path, self._options.get("x_args", ()))

    def _before_upgrade(self, heads: tuple[str, ...], pending: tuple[str, ...]) -> None:
        call_all(self.hooks.before_upgrades, pending)
        backup = self._options.get("backup")
        if backup is not None:
            backup.take(self._database.url(), heads)
