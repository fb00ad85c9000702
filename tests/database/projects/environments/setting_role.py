"""Makes an engine of its own, as many do, and sets a role on it when told which."""

import os

from alembic import context
from sqlalchemy import create_engine

engine = create_engine(os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://"))

with engine.connect() as connection:
    if os.environ.get("ROLE_OF_THE_APP"):
        connection.exec_driver_sql(f'SET ROLE "{os.environ["ROLE_OF_THE_APP"]}"')
    if os.environ.get("PATH_OF_THE_APP"):
        connection.exec_driver_sql(f"SET search_path TO {os.environ['PATH_OF_THE_APP']}")
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
