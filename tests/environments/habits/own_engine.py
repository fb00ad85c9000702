"""Ignores what it is handed, and makes an engine of its own from the settings of the application."""

import shop
from alembic import context
from sqlalchemy import create_engine, pool

with create_engine(shop.settings.database_url, poolclass=pool.NullPool).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
