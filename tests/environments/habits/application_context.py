"""Works only where the application has said which one it is."""

import shop
from alembic import context
from sqlalchemy import create_engine, pool

with create_engine(shop.current_app.get().database_url, poolclass=pool.NullPool).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
