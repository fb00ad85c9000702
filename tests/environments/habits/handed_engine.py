"""Expects an engine where others expect a connection."""

from alembic import context

with context.config.attributes["connection"].connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
