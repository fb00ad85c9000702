"""Runs the revisions once more for each plugin, with a version table for each."""

from alembic import context

for table in ("alembic_version", "plugin_version"):
    context.configure(connection=context.config.attributes["connection"], version_table=table)
    with context.begin_transaction():
        context.run_migrations()
