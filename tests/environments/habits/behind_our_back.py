"""Runs the revisions on a connection that it did not tell Alembic about."""

import shop
from alembic import context
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, pool

context.configure(connection=context.config.attributes["connection"])
with create_engine(shop.settings.database_url, poolclass=pool.NullPool).connect() as connection:
    hidden = MigrationContext.configure(connection, opts=context.get_context().opts)
    with Operations.context(hidden), hidden.begin_transaction():
        hidden.run_migrations()
