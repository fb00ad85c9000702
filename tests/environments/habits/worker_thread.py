"""Calls back into the loop of the application: it works only in a worker thread of AnyIO."""

import anyio.from_thread
from alembic import context


async def database_is_ready():
    return True


anyio.from_thread.run(database_is_ready)
context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
