"""Switches foreign keys off around the migrations; in a transaction that has no effect, so it ends the one there is."""

import shop
from alembic import context
from sqlalchemy import create_engine, event, pool

engine = create_engine(shop.settings.database_url, poolclass=pool.NullPool)


@event.listens_for(engine, "connect")
def settle(connection, _record):
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")


@event.listens_for(engine, "begin")
def begin(connection):
    connection.exec_driver_sql("BEGIN")


with engine.connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    context.execute("COMMIT")
    context.execute("PRAGMA foreign_keys = OFF")
    context.execute("BEGIN IMMEDIATE")
    with context.begin_transaction():
        context.run_migrations()
    context.execute("END")
    context.execute("PRAGMA foreign_keys = ON")
    context.execute("BEGIN IMMEDIATE")
