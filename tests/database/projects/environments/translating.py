"""Has the tables of the models, and the version table with them, in the schema of a tenant."""

from alembic import context

connection = context.config.attributes["connection"]
connection = connection.execution_options(schema_translate_map={None: "tenant"})
context.configure(connection=connection)
with context.begin_transaction():
    context.run_migrations()
