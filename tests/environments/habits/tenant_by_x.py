"""Asks the command line which tenant it is."""

import sys

from alembic import context

given = context.get_x_argument(as_dictionary=True)
if "tenant" not in given:
    sys.exit("say -x tenant=NAME")
assert context.config.cmd_opts.x == context.get_x_argument()
context.configure(
    connection=context.config.attributes["connection"] if not context.is_offline_mode() else None,
    dialect_name=None if not context.is_offline_mode() else "sqlite",
    version_table=f"{given['tenant']}_version",
)
with context.begin_transaction():
    context.run_migrations()
