"""Migrates only when a person typed the command."""

from alembic import context

if context.config.cmd_opts is not None:
    context.configure(connection=context.config.attributes["connection"])
    with context.begin_transaction():
        context.run_migrations()
