"""Running env.py, unedited: it sets the scene and we decide what happens on it.

env.py calls `context.configure` and `context.run_migrations`. Both reach an EnvironmentContext of ours, whose
configure puts our connection and a transaction for each revision in the place of what env.py passes, and leaves the
rest (version_table, include_object, ...) alone. What is to be done comes from a generator: nothing but a look in the
first pass, the revisions in the second.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

import sqlalchemy as sa
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext

from revgate.contract import names
from revgate.migration.environment.advice import advice_on
from revgate.migration.environment.handover import Handover
from revgate.migration.environment.heads import rows_may_be_taken
from revgate.migration.environment.hiding import hide_ledger
from revgate.migration.environment.lending import lend_url
from revgate.migration.environment.logging_kept import KeptLogging, logging_kept
from revgate.migration.environment.stdout_kept import stdout_kept
from revgate.migration.errors import EnvironmentFailed, MigrationError, WrongDatabase
from revgate.migration.failures import fault_of_the_database
from revgate.migration.output.places import shown
from revgate.migration.output.wording import first_line
from revgate.migration.project.revisions import blame_revision_file
from revgate.migration.project.scripts import Scripts
from revgate.migration.reentry import Only
from revgate.migration.signals import Stop

Steps: TypeAlias = Callable[[tuple[str, ...], MigrationContext], Iterable[Any]]
"""Alembic's `fn`: given the heads and the context, yields the steps to run."""

OnVersionApply: TypeAlias = Callable[..., None]

ALEMBIC: Final = Only(
    "A revision, or a hook around one, called a runner, which would wait for it for ever: call it before or after the "
    "upgrade"
)
"""Alembic keeps its context in module globals: two runs in one process write into each other's database."""


@dataclass(slots=True)
class Pass:
    """One run of env.py: what it is given, and what it has done."""

    scripts: Scripts
    target: str
    connection: sa.Connection
    steps: Steps
    on_version_apply: tuple[OnVersionApply, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)  # laid over what env.py passes to configure
    handover: Handover | None = None
    logging: KeptLogging = field(default_factory=logging_kept)
    ran: int = 0
    error: BaseException | None = None  # what our generator raised, should env.py swallow it


@contextmanager
def stage(engine: sa.Engine) -> Iterator[tuple[sa.Connection, sa.Connection]]:
    """Have Alembic to ourselves, and two connections: one that env.py may ask for, and one for what is run.

    In this order: of fifty threads that wait for Alembic none holds more of the server's connections than it must.
    """
    with ALEMBIC, engine.connect() as scene, engine.connect() as connection:
        yield scene, connection


def run_environment(one: Pass, scene: sa.Connection) -> None:
    """Run env.py once, on a stage that is ours, with `scene` as the connection that it may ask for.

    Raises:
        MigrationError: of whatever went wrong in env.py itself; what a revision raised comes out as it is.
    """
    with one.logging, stdout_kept(), rows_may_be_taken():
        one.scripts.config.attributes |= {"connection": scene, names.ONLY_REVISIONS: True}
        try:
            _enter(one)
        except Stop:
            raise
        except SystemExit as error:
            raise EnvironmentFailed(f"{_name(one)} ended the program with exit({error.code})") from error
        except BaseException as error:  # asyncio.CancelledError is one of these
            meaning = _meaning(one, error)
            if meaning is error:
                raise
            raise meaning from error
    if one.error:
        raise one.error
    if not one.ran:
        raise EnvironmentFailed(
            f"{_name(one)} ended without running the migrations: it must call context.run_migrations() in online mode"
        )


def _enter(one: Pass) -> None:
    directory = one.scripts.directory
    environment = EnvironmentContext(
        one.scripts.config,
        directory,
        fn=_guarded(one),
        as_sql=False,
        starting_rev=None,
        destination_rev=one.target,
        tag=None,
    )
    original, run = environment.configure, environment.run_migrations

    def configure(connection: object = None, *rest: Any, **given: Any) -> None:
        one.handover = Handover(connection, one.connection)
        one.handover.take_over()
        theirs = given.pop("on_version_apply", None) or ()
        callbacks = (*(theirs if isinstance(theirs, (tuple, list, set)) else (theirs,)), *one.on_version_apply)
        forced = {"transaction_per_migration": True, "on_version_apply": callbacks, **one.options}
        original(one.connection, *rest, **{**one.scripts.wish.configured(given, _name(one)), **forced})

    def run_migrations(**given: Any) -> None:
        with one.handover.replaced() if one.handover else nullcontext():
            run(**given)

    hide_ledger(one.connection.dialect)
    lend_url(one.scripts.config, one.connection.engine.url, Path(directory.env_py_location))
    # On the instance: Alembic's proxies know this class only, a subclass would be no context
    environment.configure = configure  # type: ignore[method-assign]
    environment.run_migrations = run_migrations  # type: ignore[method-assign]
    with environment:
        directory.run_env()


def _guarded(one: Pass) -> Steps:
    """Wrap the generator: it runs once, and its error is kept should env.py swallow it."""

    def steps(heads: tuple[str, ...], context: MigrationContext) -> Iterable[Any]:
        one.ran += 1
        one.logging.wake()
        if one.handover:
            one.handover.publish()  # env.py may have read something since, and would block our DDL
        try:
            _refuse_second_run(one)
            _refuse_other_connection(one, context)
            yield from one.steps(heads, context)
        except GeneratorExit:  # a revision raised, and the loop over us ended
            raise
        except BaseException as error:
            one.error = error
            raise

    return steps


def _refuse_second_run(one: Pass) -> None:
    if one.ran > 1:
        raise EnvironmentFailed(
            f"{_name(one)} ran the migrations more than once, and one run is for one history in one database: give "
            "each of them a run, with a configuration that names nothing else"
        )


def _refuse_other_connection(one: Pass, context: MigrationContext) -> None:
    if context.connection is not one.connection:
        raise WrongDatabase(
            f"{_name(one)} runs the migrations on a connection that it did not pass to context.configure, so nobody "
            "can say which database they reach: call context.configure and context.run_migrations only"
        )


def _meaning(one: Pass, error: BaseException) -> BaseException:
    """Return what an exception out of env.py is to be raised as: once the steps ran, whoever made them must say."""
    if isinstance(one.error, Exception):
        return one.error
    if isinstance(error, MigrationError) or one.ran:
        return error
    blamed = blame_revision_file(one.scripts.directory, error)
    text = f"{_name(one)} failed: {first_line(error)}{advice_on(error)}"
    return blamed or fault_of_the_database(error) or EnvironmentFailed(text)


def _name(one: Pass) -> str:
    return shown(one.scripts.directory.env_py_location)
