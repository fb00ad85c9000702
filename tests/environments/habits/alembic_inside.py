"""Runs Alembic for another database of the application, inside of the run for this one."""

import os

from alembic import command, context
from alembic.config import Config

other = Config()
other.set_main_option("script_location", os.environ["SHOP_OTHER_SCRIPTS"].replace("%", "%%"))
command.stamp(other, "head")
context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
