"""Runs the revisions in a group of tasks, which wraps whatever comes out of one."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
try:
    with context.begin_transaction():
        context.run_migrations()
except BaseException as error:  # noqa: BLE001  as asyncio.TaskGroup does
    raise BaseExceptionGroup("tasks failed", [error]) from None
