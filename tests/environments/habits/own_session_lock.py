"""Takes a lock of the session before the migrations, and gives it up afterwards."""

import shop
from alembic import context
from sqlalchemy import create_engine, pool, text

with create_engine(shop.settings.database_url, poolclass=pool.NullPool).connect() as connection:
    connection.execute(text("SELECT pg_advisory_lock(4711)"))
    connection.commit()
    try:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
    finally:
        connection.execute(text("SELECT pg_advisory_unlock(4711)"))
