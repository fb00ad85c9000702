"""What `alembic init` makes, with the connection that a caller hands over."""

from alembic import context
from sqlalchemy import engine_from_config, pool

config = context.config


def run() -> None:
    connectable = config.attributes.get("connection")
    if connectable is None:
        connectable = engine_from_config(config.get_section(config.config_ini_section), poolclass=pool.NullPool)
        with connectable.connect() as connection:
            migrate(connection)
    else:
        migrate(connectable)


def migrate(connection) -> None:
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        context.run_migrations()


run()
