"""Chooses the schema of a tenant when Alembic knows the connection already, and for the transaction only."""

import shop
from alembic import context
from sqlalchemy import create_engine, pool, text

with create_engine(shop.settings.database_url, poolclass=pool.NullPool).connect() as connection:
    connection.execute(text("CREATE SCHEMA IF NOT EXISTS tenant"))
    connection.commit()
    context.configure(connection=connection)
    with context.begin_transaction():
        connection.execute(text("SET LOCAL search_path TO tenant"))
        context.run_migrations()
