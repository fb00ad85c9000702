"""Ends the program when the application's own command did not start it."""

import sys

from alembic import context

if not hasattr(context.config, "shop_options"):
    sys.exit(1)
context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
