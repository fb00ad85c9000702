"""Has the URL of another database in it, for a developer's machine."""

import os

from alembic import context
from sqlalchemy import create_engine

engine = create_engine(os.environ["OTHER_URL"].replace("postgresql://", "postgresql+psycopg://"))

with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
