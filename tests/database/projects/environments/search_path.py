"""Creates a schema and puts it first in the search_path, in a transaction that spans everything."""

from alembic import context
from sqlalchemy import text

connection = context.config.attributes["connection"]
with connection.begin():
    connection.execute(text("CREATE SCHEMA IF NOT EXISTS tenant"))
    connection.execute(text("SET search_path TO tenant"))
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
