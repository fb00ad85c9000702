"""Wants every statement committed at once."""

import shop
from alembic import context
from sqlalchemy import create_engine, pool

engine = create_engine(shop.settings.database_url, isolation_level="AUTOCOMMIT", poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
