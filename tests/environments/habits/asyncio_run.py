"""Is async, with an engine of its own."""

import asyncio

import shop
from alembic import context
from sqlalchemy import pool
from sqlalchemy.ext.asyncio import create_async_engine


def migrate(connection):
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()


async def main():
    engine = create_async_engine(shop.settings.async_url, poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


work = main()
try:
    asyncio.run(work)
finally:
    work.close()  # where a loop runs in this thread, nobody has awaited it
