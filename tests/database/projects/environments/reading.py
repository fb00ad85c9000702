"""Reads something of the app's before the migrations, and wraps what goes wrong."""

from alembic import context
from sqlalchemy import text

connection = context.config.attributes["connection"]
try:
    connection.execute(text("SELECT * FROM settings"))
except Exception as error:
    raise RuntimeError("the settings could not be read") from error
context.configure(connection=connection)
with context.begin_transaction():
    context.run_migrations()
