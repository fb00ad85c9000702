"""Migrates the schema of a tenant, as Alembic's cookbook does it."""

import shop
from alembic import context
from sqlalchemy import create_engine, pool, text

with create_engine(shop.settings.database_url, poolclass=pool.NullPool).connect() as connection:
    connection.execute(text('CREATE SCHEMA IF NOT EXISTS "acme & sons"'))
    connection.execute(text('SET search_path TO "acme & sons"'))
    connection.commit()
    connection.dialect.default_schema_name = "acme & sons"
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
