"""Makes the attribute of the configuration that it misses."""

from alembic import context

config = context.config
if not hasattr(config, "shop_options"):
    config.shop_options = {"compare_type": True}
context.configure(connection=config.attributes["connection"], **config.shop_options)
with context.begin_transaction():
    context.run_migrations()
