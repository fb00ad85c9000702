"""Does nothing when it is not the `alembic` command that runs it."""

from alembic import context

if context.config.cmd_opts is not None:
    context.run_migrations()
