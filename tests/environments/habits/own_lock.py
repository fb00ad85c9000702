"""Takes a lock of the transaction on the connection that migrates; the first commit gives it away."""

from alembic import context
from sqlalchemy import text

connection = context.config.attributes["connection"]
context.configure(connection=connection)
with context.begin_transaction():
    context.get_bind().execute(text("SELECT pg_advisory_xact_lock(4711)"))
    connection.execute(text("SELECT pg_advisory_xact_lock(4712)"))
    context.run_migrations()
