"""The shop's env.py as `alembic init` writes it, with one more call in each of its two ways to run."""

import os
from logging.config import fileConfig

import sqlalchemy as sa
from alembic import context
from models import Base

from revgate import include_in_alembic

if context.config.config_file_name is not None:
    fileConfig(context.config.config_file_name, disable_existing_loggers=False)


def run_migrations_offline() -> None:
    """Write SQL: `alembic upgrade head --sql`."""
    context.configure(url=os.environ["DATABASE_URL"], target_metadata=Base.metadata, literal_binds=True)
    include_in_alembic(context, table_prefix="ledger_")
    with context.begin_transaction():
        context.run_migrations()


def run_migrations_online() -> None:
    """Migrate on a connection."""
    engine = sa.create_engine(os.environ["DATABASE_URL"], poolclass=sa.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=Base.metadata)
        include_in_alembic(context, table_prefix="ledger_")
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    run_migrations_offline()
else:
    run_migrations_online()
