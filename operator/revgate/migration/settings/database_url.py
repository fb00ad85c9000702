"""Where the database of a command is: from the environment only, for everybody on the machine sees its arguments."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError

from revgate.contract import names
from revgate.migration.errors import InvalidDatabaseUrl, InvalidOptions

VARIABLES: Final = names.DATABASE_URLS
"""The first that is set wins; a `.env` is read when none is."""

PLAIN: Final = "revgate_plain"
"""Execution option of an engine that connects as its URL says: nobody can have added anything to that."""

_ASYNC: Final = frozenset({"asyncpg", "psycopg_async", "aiosqlite"})
_MISSING: Final = "Driver psycopg is missing: pip install 'revgate[postgresql]'"
_FORM: Final = "write postgresql://USER:PASSWORD@HOST:PORT/NAME or sqlite:///FILE"
_CONNECT_SECONDS: Final = 10


@dataclass(frozen=True, slots=True)
class DatabaseUrl:
    """A database by the URL that was given, and by the one that a command uses."""

    source: str  # the variable, and the file that it is in if it is in one
    given: str = field(repr=False)
    url: sa.URL = field(repr=False)
    note: str = ""  # for a person, when the driver is not the one that was asked for

    @property
    def place(self) -> str:
        """Return what a message may call the database."""
        if self.url.host:
            return f"{self.url.database} on {self.url.host}:{self.url.port or 5432}"
        return self.url.database or "a database in memory"


def find_database_url(environ: Mapping[str, str], dotenv: Mapping[str, str]) -> DatabaseUrl:
    """Return the database that the environment names, or else the `.env`.

    Raises:
        InvalidDatabaseUrl: if neither does, or it cannot be understood; the text never quotes it.
    """
    for values, place in ((environ, ""), (dotenv, " in .env")):
        name = next((name for name in VARIABLES if values.get(name, "").strip()), None)
        if name:
            return parse_database_url(values[name].strip(), name + place)
        if values.get(names.DATABASE_PARTS["host"]):
            parts = {key: value for key, value in values.items() if key != names.DATABASE_URL}
            return _postgresql(parts, names.DATABASE_PARTS["host"] + place)
    raise InvalidDatabaseUrl(
        f"No database was named: set DATABASE_URL in the environment or in a .env file here, and {_FORM}"
    )


def parse_database_url(text: str, source: str) -> DatabaseUrl:
    """Return the database of a URL for any driver, sync or async.

    Raises:
        InvalidDatabaseUrl: naming the source, never the text.
    """
    backend, _, driver = text.partition("://")[0].partition("+")
    if backend in {"postgres", "postgresql"}:
        found = _postgresql({names.DATABASE_URL: text}, source)
    elif backend == "sqlite":
        found = _sqlite(text, source)
    else:
        raise InvalidDatabaseUrl(f"{source} is no URL of PostgreSQL or SQLite: {_FORM}")
    used = found.url.get_driver_name()
    note = f"{source} names the async driver {driver}: the command line uses {used} instead"
    return replace(found, note=note) if driver in _ASYNC else found


def make_engine(database: DatabaseUrl) -> sa.Engine:
    """Return an engine that keeps no connection.

    Raises:
        InvalidOptions: if the driver is not installed; names what to install.
    """
    asked = database.url.get_backend_name() != "postgresql" or "connect_timeout" in database.url.query
    arguments = {} if asked else {"connect_timeout": _CONNECT_SECONDS}
    try:
        return sa.create_engine(
            database.url, poolclass=sa.NullPool, connect_args=arguments, execution_options={PLAIN: True}
        )
    except ImportError as error:
        raise InvalidOptions(_MISSING) from error


def _postgresql(values: Mapping[str, str], source: str) -> DatabaseUrl:
    try:
        from revgate.migration.postgresql.address import read_address  # noqa: PLC0415  SQLite works without psycopg
    except ImportError as error:
        raise InvalidOptions(_MISSING) from error
    try:
        address = read_address(values)
    except InvalidDatabaseUrl as error:
        raise InvalidDatabaseUrl(str(error).replace(names.DATABASE_URL, source)) from None  # the cause quotes it
    return DatabaseUrl(source, address.given, address.url)


def _sqlite(text: str, source: str) -> DatabaseUrl:
    try:
        return DatabaseUrl(source, text, sa.make_url(text).set(drivername="sqlite+pysqlite"))
    except (ArgumentError, ValueError):
        raise InvalidDatabaseUrl(f"The URL in {source} could not be parsed: {_FORM}") from None
