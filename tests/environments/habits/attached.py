"""Has the tables in a second file."""

from pathlib import Path

import shop
from alembic import context
from sqlalchemy import create_engine, pool, text

with create_engine(shop.settings.database_url, poolclass=pool.NullPool).connect() as connection:
    second = Path(context.script.dir) / "second.db"
    connection.execute(text(f"ATTACH '{second}' AS second"))
    context.configure(connection=connection, version_table_schema="second")
    with context.begin_transaction():
        context.run_migrations()
