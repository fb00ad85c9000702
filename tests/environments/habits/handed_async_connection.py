"""Expects an async connection where others expect a blocking one."""

import asyncio

from alembic import context


def migrate(connection):
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()


async def main():
    await context.config.attributes["connection"].run_sync(migrate)


asyncio.run(main())
