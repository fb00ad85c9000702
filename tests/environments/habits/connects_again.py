"""Takes the engine of the connection that it is handed, and connects once more."""

from alembic import context

with context.config.attributes["connection"].engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
