"""Creates the tables of today's models before the revisions run."""

import sqlalchemy as sa
from alembic import context

metadata = sa.MetaData()
sa.Table("of_the_models", metadata, sa.Column("id", sa.Integer, primary_key=True))
connection = context.config.attributes["connection"]
metadata.create_all(connection)
connection.commit()
context.configure(connection=connection, target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
