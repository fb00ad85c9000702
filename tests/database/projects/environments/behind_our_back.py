"""Makes a MigrationContext of its own, for another version table, and runs the revisions on that."""

import os

from alembic import context
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine

engine = create_engine(os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://"))

context.configure(connection=context.config.attributes["connection"])
with engine.connect() as connection:
    hidden = MigrationContext.configure(connection, opts={**context.get_context().opts, "version_table": "elsewhere"})
    with Operations.context(hidden), hidden.begin_transaction():
        hidden.run_migrations()
