"""Makes the connection that it is handed commit every statement at once."""

from alembic import context

connection = context.config.attributes["connection"].execution_options(isolation_level="AUTOCOMMIT")
context.configure(connection=connection)
with context.begin_transaction():
    context.run_migrations()
