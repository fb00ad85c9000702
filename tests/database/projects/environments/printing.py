"""Prints what it should not, in all the ways it can."""

# ruff: noqa: T201  printing is what it is for

import base64
import logging
import os
import sys
from urllib.parse import quote

from alembic import context
from sqlalchemy.engine import make_url

url = os.environ["DATABASE_URL"]
password = make_url(url).password
logging.basicConfig(level=logging.DEBUG)
logging.getLogger("app").warning("connecting to %s", url)
print(url, password, repr(password), quote(password), quote(password, safe=""))
print(base64.b64encode(password.encode()).decode(), base64.b64encode(url.encode()).decode(), file=sys.stderr)
print(base64.urlsafe_b64encode(f"user:{password}".encode()).decode(), file=sys.stderr)
if os.environ.get("RAISE"):
    raise RuntimeError(f"could not connect to {url} with {password!r}")
context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
