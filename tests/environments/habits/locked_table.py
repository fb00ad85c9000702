"""Locks its version table against others, in a transaction that lasts as long as the migrations."""

from alembic import context
from sqlalchemy import text

connection = context.config.attributes["connection"]
with connection.begin():
    connection.execute(
        text("CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    )
    connection.execute(text("LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE"))
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
