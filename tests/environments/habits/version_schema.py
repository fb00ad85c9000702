"""Keeps the version table in a schema that must exist first, and makes it."""

from alembic import context
from sqlalchemy import text

connection = context.config.attributes["connection"]
connection.execute(text("CREATE SCHEMA IF NOT EXISTS meta"))
connection.commit()
context.configure(connection=connection, version_table_schema="meta")
with context.begin_transaction():
    context.run_migrations()
