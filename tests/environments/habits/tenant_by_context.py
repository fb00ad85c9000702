"""Chooses the schema of a tenant through Alembic, for the transaction only."""

import shop
from alembic import context
from sqlalchemy import create_engine, pool

with create_engine(shop.settings.database_url, poolclass=pool.NullPool).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.execute("CREATE SCHEMA IF NOT EXISTS tenant")
        context.execute("SET LOCAL search_path TO tenant")
        context.run_migrations()
