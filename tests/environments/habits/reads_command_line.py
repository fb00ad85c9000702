"""Looks at what a person typed."""

from alembic import context

verb = context.config.cmd_opts.cmd[0].__name__
context.configure(connection=context.config.attributes["connection"], compare_type=verb == "check")
with context.begin_transaction():
    context.run_migrations()
