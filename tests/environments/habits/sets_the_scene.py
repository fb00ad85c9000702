"""Sets what the revision files read while they are imported."""

import shop
from alembic import context

shop.scene["country"] = "LV"
context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
