"""Switches foreign keys off on its connection, when Alembic knows it already."""

import shop
from alembic import context
from sqlalchemy import create_engine, event, pool

engine = create_engine(shop.settings.database_url, poolclass=pool.NullPool)


@event.listens_for(engine, "connect")
def settle(connection, _record):
    connection.execute("PRAGMA foreign_keys = ON")


with engine.connect() as connection:
    context.configure(connection=connection)
    connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
    connection.commit()
    with context.begin_transaction():
        context.run_migrations()
