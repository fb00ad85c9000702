"""Has callbacks of its own for each revision, in a list."""

from alembic import context


def note(*, ctx, step, heads, run_args):
    ctx.connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS noted (id varchar(9), label varchar(9))")
    ctx.connection.exec_driver_sql(f"INSERT INTO noted VALUES ('{step.up_revision_id}', '{run_args['label']}')")


context.configure(connection=context.config.attributes["connection"], on_version_apply=[note])
with context.begin_transaction():
    context.run_migrations(label="shop")
