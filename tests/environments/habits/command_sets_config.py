"""Reads an attribute that only the command of the application sets."""

from alembic import context

options = context.config.shop_options
context.configure(connection=context.config.attributes["connection"], **options)
with context.begin_transaction():
    context.run_migrations()
