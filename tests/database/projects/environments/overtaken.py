"""Runs beside somebody who migrates by hand: between our look and the upgrade, the version moves on."""

from alembic import context
from sqlalchemy import create_engine, text

connection = context.config.attributes["connection"]
passes = context.config.attributes["passes"] = context.config.attributes.get("passes", 0) + 1
if passes == 2:
    with create_engine(connection.engine.url).begin() as somebody:
        somebody.execute(text("UPDATE alembic_version SET version_num = 'a2'"))
context.configure(connection=connection)
with context.begin_transaction():
    context.run_migrations()
