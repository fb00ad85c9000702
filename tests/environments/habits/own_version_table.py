"""Has one version table for each module of the application."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], version_table="shop_alembic")
with context.begin_transaction():
    context.run_migrations()
