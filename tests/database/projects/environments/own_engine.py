"""Reads DATABASE_URL, makes an engine of its own, and has the logging of `alembic init`."""

import os
from logging.config import fileConfig

from alembic import context
from sqlalchemy import create_engine

fileConfig(context.config.config_file_name)
engine = create_engine(os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://"))

with engine.begin() as connection:
    context.configure(connection=connection)
    context.run_migrations()
