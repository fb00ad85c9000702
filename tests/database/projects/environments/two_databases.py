"""Runs the migrations for two databases, one after the other."""

from alembic import context

for _ in range(2):
    context.configure(connection=context.config.attributes["connection"])
    with context.begin_transaction():
        context.run_migrations()
