"""Where `alembic` on the command line finds the database: never in a Config, whose errors print what is in it."""

import os
from collections.abc import Mapping
from typing import Final

import sqlalchemy as sa
from alembic.util import CommandError
from sqlalchemy.exc import ArgumentError

VARIABLES: Final = ("PYACC__DATABASE_URL", "DATABASE_URL", "SQLALCHEMY_DATABASE_URI")

# An app's URL names the app's driver; migrations run on a blocking one.
_DRIVERS: Final = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+asyncpg": "postgresql+psycopg",
    "postgresql+psycopg_async": "postgresql+psycopg",
    "sqlite+aiosqlite": "sqlite+pysqlite",
    "sqlite": "sqlite+pysqlite",
}


def database_url(environ: Mapping[str, str] = os.environ) -> sa.URL | None:
    """Return the URL in the first variable that has one, for a driver that blocks; None when no variable has.

    Raises:
        CommandError: it is no URL; the message names the variable and not what is in it.
    """
    name = next((name for name in VARIABLES if environ.get(name)), None)
    return None if name is None else _blocking(_parse(name, environ[name]))


def _parse(name: str, text: str) -> sa.URL:
    try:
        return sa.make_url(text)
    except (ArgumentError, ValueError):
        raise CommandError(
            f"{name} is not a database URL: write it as postgresql://USER:PASSWORD@HOST:PORT/NAME or "
            "sqlite:///FILE, with every special character in the password percent-encoded"
        ) from None  # the cause shows parts of the password


def _blocking(url: sa.URL) -> sa.URL:
    driver = _DRIVERS.get(url.drivername, url.drivername)
    if url.drivername == "postgresql+asyncpg" and "ssl" in url.query:
        query = dict(url.query)
        query["sslmode"] = query.pop("ssl")  # asyncpg's own word for it
        url = url.set(query=query)
    return url.set(drivername=driver)
