"""Sets what its revisions rely on for the session."""

import shop
from alembic import context
from sqlalchemy import create_engine, event, pool

engine = create_engine(shop.settings.database_url, poolclass=pool.NullPool)


@event.listens_for(engine, "connect")
def settle(connection, _record):
    sqlite = engine.dialect.name == "sqlite"
    connection.execute("PRAGMA foreign_keys = ON" if sqlite else "SET TIME ZONE 'Asia/Kathmandu'")


with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
