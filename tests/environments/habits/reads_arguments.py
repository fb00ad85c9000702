"""Asks Alembic what is to be done."""

from alembic import context

assert not context.is_offline_mode()
assert context.get_revision_argument() in ("a3", ("a3",))
assert context.get_tag_argument() is None
assert context.get_x_argument() == []
assert context.get_head_revision() == "a3"
context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
