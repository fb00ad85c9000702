"""Puts another revision into the version table when all is done."""

from alembic import context
from sqlalchemy import text

connection = context.config.attributes["connection"]
context.configure(connection=connection)
with context.begin_transaction():
    context.run_migrations()

connection.execute(text("UPDATE alembic_version SET version_num = 'a1' WHERE to_regclass('t_a2') IS NOT NULL"))
connection.commit()
