"""Keeps the version table in a schema of its own, and has a callback for each revision."""

from alembic import context

connection = context.config.attributes["connection"]


def applied(*, ctx, step, heads, run_args):
    ctx.connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS applied (id text)")
    ctx.connection.exec_driver_sql("INSERT INTO applied VALUES (%(id)s)", {"id": step.up_revision_id})


context.configure(
    connection=connection, version_table="versions", version_table_schema="meta", on_version_apply=applied
)
with context.begin_transaction():
    context.run_migrations()
