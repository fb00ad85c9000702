"""Autocommit blocks of revisions, in which nothing is rolled back and nothing may be cut off."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from contextvars import ContextVar
from typing import Final

import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext

_SET_TIMEOUTS: Final = sa.text(  # for any driver
    "SELECT set_config('lock_timeout', :lock, false), set_config('statement_timeout', :statement, false)"
)
_REPEATABLE: Final[ContextVar[bool]] = ContextVar("revgate_repeatable", default=False)


@contextmanager
def repeatable() -> Iterator[None]:
    """Say of the autocommit blocks inside that they may be cut off anywhere and then run again."""
    token = _REPEATABLE.set(True)
    try:
        yield
    finally:
        _REPEATABLE.reset(token)


def relax_autocommit_blocks(context: MigrationContext, entered: Callable[[bool], None]) -> None:
    """Let statements in an autocommit block wait for locks, and run, for as long as they need.

    CREATE INDEX CONCURRENTLY waits for every old snapshot in the database and holds up nobody meanwhile; a timeout
    would leave an invalid index behind. `entered` is told whether the revision up to the block's end may run again.
    """
    original: Callable[[], AbstractContextManager[None]] = context.autocommit_block
    is_postgresql = context.dialect.name == "postgresql"
    relax = without_timeouts if is_postgresql else _as_it_was

    @contextmanager
    def relaxed() -> Iterator[None]:
        assert context.connection is not None
        entered(is_postgresql and _REPEATABLE.get() and _has_written_nothing(context.connection))
        with _reason_kept(), original(), relax(context.connection):
            yield

    context.autocommit_block = relaxed  # type: ignore[method-assign]  # on this instance only


def _has_written_nothing(connection: sa.Connection) -> bool:
    """Whether the transaction that an autocommit block commits has nothing in it."""
    return bool(connection.exec_driver_sql("SELECT txid_current_if_assigned() IS NULL").scalar_one())


@contextmanager
def _reason_kept() -> Iterator[None]:
    """Raise why a session was lost, and not what SQLAlchemy then says to the end of an autocommit block."""
    try:
        yield
    except sa.exc.InvalidRequestError as error:
        if isinstance(error.__context__, sa.exc.DBAPIError) and error.__context__.connection_invalidated:
            raise error.__context__ from None
        raise


@contextmanager
def without_timeouts(connection: sa.Connection) -> Iterator[None]:
    """Lift lock_timeout and statement_timeout of a session of PostgreSQL, which gets its own back."""
    query = "SELECT current_setting('lock_timeout'), current_setting('statement_timeout')"
    lock, statement = connection.exec_driver_sql(query).one()
    _set_timeouts(connection, "0", "0")
    try:
        yield
    except BaseException:
        with suppress(sa.exc.SQLAlchemyError):  # the connection may be what failed, and that is told already
            _set_timeouts(connection, lock, statement)
        raise
    _set_timeouts(connection, lock, statement)  # a session that was lost until here is found out by this


def _set_timeouts(connection: sa.Connection, lock: str, statement: str) -> None:
    connection.execute(_SET_TIMEOUTS, {"lock": lock, "statement": statement})


@contextmanager
def _as_it_was(_connection: sa.Connection) -> Iterator[None]:
    yield
