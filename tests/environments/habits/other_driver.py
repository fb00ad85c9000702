"""Has an engine of another driver of PostgreSQL."""

import shop
from alembic import context
from sqlalchemy import create_engine, pool

url = shop.settings.database_url.replace("+psycopg:", "+psycopg2:")
with create_engine(url, poolclass=pool.NullPool).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
