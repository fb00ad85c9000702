"""Makes its own version table, in a schema of its own, as projects do whose history predates the schema."""

from alembic import context
from sqlalchemy import text

connection = context.config.attributes["connection"]
with connection.begin():
    connection.execute(text("CREATE SCHEMA IF NOT EXISTS history"))
    connection.execute(text("CREATE TABLE IF NOT EXISTS history.versions (version_num varchar(32) PRIMARY KEY)"))
context.configure(connection=connection, version_table="versions", version_table_schema="history")
with context.begin_transaction():
    context.run_migrations()
