"""Wraps everything in a transaction of its own, and never calls context.begin_transaction()."""

import shop
from alembic import context
from sqlalchemy import create_engine, pool

with create_engine(shop.settings.database_url, poolclass=pool.NullPool).begin() as connection:
    context.configure(connection=connection)
    context.run_migrations()
