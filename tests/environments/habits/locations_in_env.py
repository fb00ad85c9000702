"""Says where the revisions are only now, by the dialect: before, the script directory is empty."""

from pathlib import Path

from alembic import context

connection = context.config.attributes["connection"]
folder = Path(context.script.dir) / "of" / connection.dialect.name
context.script.version_locations = [str(folder)]
context.configure(connection=connection)
with context.begin_transaction():
    context.run_migrations()
