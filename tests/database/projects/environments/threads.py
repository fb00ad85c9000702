"""Starts a thread of the application that never ends."""

import threading

from alembic import context

threading.Thread(target=threading.Event().wait).start()

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
