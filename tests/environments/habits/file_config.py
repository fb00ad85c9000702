"""Sets logging up as `alembic init` writes it, which silences every logger that is there already."""

from logging.config import fileConfig

from alembic import context

fileConfig(context.config.config_file_name)
context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
