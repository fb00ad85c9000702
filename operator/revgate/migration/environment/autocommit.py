"""Autocommit blocks of revisions, in which nothing is rolled back and nothing may be cut off."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress

import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext


def relax_autocommit_blocks(context: MigrationContext, entered: Callable[[], None]) -> None:
    """Let statements in an autocommit block wait for locks, and run, for as long as they need.

    CREATE INDEX CONCURRENTLY waits for every old snapshot in the database and holds up nobody meanwhile; a timeout
    would leave an invalid index behind.
    """
    original: Callable[[], AbstractContextManager[None]] = context.autocommit_block
    without_timeouts = _without_timeouts if context.dialect.name == "postgresql" else _as_it_was

    @contextmanager
    def relaxed() -> Iterator[None]:
        entered()
        with _reason_kept(), original():
            assert context.connection is not None
            with without_timeouts(context.connection):
                yield

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


@contextmanager
def _without_timeouts(connection: sa.Connection) -> Iterator[None]:
    query = "SELECT current_setting('lock_timeout'), current_setting('statement_timeout')"
    lock, statement = connection.exec_driver_sql(query).one()
    _set_timeouts(connection, "0", "0")
    try:
        yield
    finally:
        with suppress(sa.exc.SQLAlchemyError):  # the connection may be what failed, and that is told already
            _set_timeouts(connection, lock, statement)


def _set_timeouts(connection: sa.Connection, lock: str, statement: str) -> None:
    query = "SELECT set_config('lock_timeout', %(l)s, false), set_config('statement_timeout', %(s)s, false)"
    connection.exec_driver_sql(query, {"l": lock, "s": statement})


@contextmanager
def _as_it_was(_connection: sa.Connection) -> Iterator[None]:
    yield
