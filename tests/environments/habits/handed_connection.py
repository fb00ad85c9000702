"""Takes the connection that it is handed, and cannot do without."""

from alembic import context

connection = context.config.attributes.get("connection")
if connection is None:
    raise RuntimeError("call this through the shop's own command")
context.configure(connection=connection)
with context.begin_transaction():
    context.run_migrations()
