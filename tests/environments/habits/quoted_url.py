"""Reads a URL that is there, but empty: `sqlalchemy.url = ""`."""

from alembic import context
from sqlalchemy import engine_from_config, pool

config = context.config
with engine_from_config(config.get_section("alembic", {}), poolclass=pool.NullPool).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
