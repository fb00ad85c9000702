"""Has the URL of a server that is not there."""

from alembic import context
from sqlalchemy import create_engine, pool

url = "postgresql+psycopg://shop:secret@127.0.0.1:9/shop"
with create_engine(url, poolclass=pool.NullPool).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
