"""Where `alembic` on the command line finds the database: never in a Config, whose errors print what is in it.

`database_url()` is to this environment what `core.config.get_settings()` is to others.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic.util import CommandError
from sqlalchemy.exc import ArgumentError

from revgate.migration.errors import InvalidOptions
from revgate.migration.settings.dotenv import read_dotenv

VARIABLES: Final = ("PYACC__DATABASE_URL", "DATABASE_URL", "SQLALCHEMY_DATABASE_URI")
"""The first that is set holds; if none is, the first in the `.env`."""

_POSTGRESQL: Final = frozenset({"postgresql", "postgres"})
_USER_INFO: Final = re.compile(r"\A[^:/]*(?::[^@]*)?@")  # as SQLAlchemy reads it


def database_url(environ: Mapping[str, str] = os.environ, dotenv: Path = Path(".env")) -> sa.URL | None:
    """Return the URL of the environment, else of the `.env`, for a driver that blocks; None when neither has one.

    A URL of the environment beats any of the file: who types one before a command must not reach another database.

    Raises:
        CommandError: it is no URL, or the file cannot be read; the message names the variable and not what is in it.
    """
    return _first_of(environ, "") or _first_of(_read(dotenv), f" in {dotenv}")


def place(url: sa.URL) -> str:
    """Return what a message may call the database."""
    if url.get_backend_name() == "sqlite":
        return url.database or "in memory"
    name = url.database or url.username or "the default one"
    return f"{name} on {url.host}:{url.port or 5432}" if url.host else name


def _first_of(values: Mapping[str, str], where: str) -> sa.URL | None:
    name = next((name for name in VARIABLES if values.get(name, "").strip()), None)
    return None if name is None else _parse(values[name].strip(), f"{name}{where}")


def _read(dotenv: Path) -> dict[str, str]:
    try:
        return read_dotenv(dotenv)
    except InvalidOptions as error:
        raise CommandError(str(error)) from error


def _parse(text: str, source: str) -> sa.URL:
    try:
        url = sa.make_url(text)
    except (ArgumentError, ValueError):
        raise _no_url(source) from None  # the cause shows parts of the password
    backend = url.drivername.partition("+")[0]
    if backend in _POSTGRESQL and "@" not in _USER_INFO.sub("", text.partition("://")[2], count=1):
        return _for_psycopg(url)
    if backend == "sqlite" and not (url.host or url.username or url.password):
        return url.set(drivername="sqlite+pysqlite")
    raise _no_url(source)


def _no_url(source: str) -> CommandError:
    return CommandError(
        f"{source} is not a database URL: write it as postgresql://USER:PASSWORD@HOST:PORT/NAME or "
        "sqlite:///FILE, with every special character in the password percent-encoded"
    )


def _for_psycopg(url: sa.URL) -> sa.URL:
    """Return the URL for migrations' own driver: an app's URL names the app's, and options that only that one has."""
    try:
        from revgate.migration.postgresql.address import for_psycopg  # noqa: PLC0415  SQLite works without psycopg
    except ImportError as error:
        raise CommandError("Driver psycopg is missing: pip install 'revgate[postgresql]'") from error
    return for_psycopg(url)
