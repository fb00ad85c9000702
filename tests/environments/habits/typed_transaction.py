"""Writes BEGIN and COMMIT itself: Python's driver would begin no transaction before DDL."""

import shop
from alembic import context
from sqlalchemy import create_engine, pool

with create_engine(shop.settings.database_url, poolclass=pool.NullPool).connect() as connection:
    if connection.dialect.name == "sqlite":
        connection.connection.driver_connection.isolation_level = None
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.dialect.name == "sqlite" else "SELECT 1")
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
    connection.exec_driver_sql("COMMIT")
