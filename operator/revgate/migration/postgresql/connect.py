"""Connecting: patiently while a server may still come up, not at all when waiting cannot help."""

import random
import time
from collections.abc import Iterator
from typing import Final

import psycopg
import sqlalchemy as sa

from revgate.migration.errors import (
    AuthenticationFailed,
    DatabaseNotFound,
    HostNotFound,
    InvalidDatabaseUrl,
    MigrationError,
    Unreachable,
)
from revgate.migration.output.log import get_logger
from revgate.migration.output.wording import first_line
from revgate.migration.postgresql.address import Address
from revgate.migration.stopping import pause

# psycopg has no SQLSTATE for a failed connection, so the text must tell
_NO_ADDRESS: Final = (
    "could not translate host name",
    "failed to resolve host",
    "name or service not known",
    "temporary failure in name resolution",
    "no address associated",
)
_REFUSED_USER: Final = (
    "authentication failed",
    "no password supplied",
    "no pg_hba.conf entry",
    "is not permitted to log in",
    "permission denied for database",
    "no such user",
)
_NO_DATABASE: Final = ("no such database",)
_BAD_OPTION: Final = (
    "invalid connection option",
    "invalid sslmode value",
    "invalid port number",
    "invalid integer value",
)


def connect_patiently(address: Address, application: str, patience: float) -> psycopg.Connection:
    """Return an autocommit connection, trying again while the server may come up.

    Raises:
        MigrationError: the class says what was wrong.
    """
    began = time.monotonic()
    log = get_logger()
    for delay in _delays():
        try:
            return connect(address, application)
        except (Unreachable, HostNotFound) as error:
            waited = time.monotonic() - began
            if not patience:
                raise
            if waited + delay > patience:
                raise type(error)(f"{error} (waited {waited:.0f} s)") from None
            log.info("database_awaited", seconds=round(waited, 1), problem=str(error))
            pause(delay)
    raise AssertionError("the delays never end")


def connect(address: Address, application: str) -> psycopg.Connection:
    """Return an autocommit connection, or raise the MigrationError that fits."""
    try:
        connection = address.dial(application)
    except (psycopg.Error, sa.exc.DBAPIError) as error:
        raise refusal(address, error) from None
    except sa.exc.TimeoutError as error:
        raise Unreachable(f"The engine's pool gave no connection: {first_line(error)}; make it larger") from None
    connection.autocommit = True
    return connection


def refusal(address: Address, error: Exception) -> MigrationError:
    """Return what a failed connection means."""
    text, lower = first_line(error), str(error).lower()
    host, user = address.url.host or "localhost", address.url.username or ""
    if any(words in lower for words in _NO_ADDRESS):
        return HostNotFound(f"Database host {host} has no address: check the host's name ({text})")
    if any(words in lower for words in _REFUSED_USER) or ('role "' in lower and "does not exist" in lower):
        return AuthenticationFailed(f"Database server at {host} refused user {user}: {text}")
    if any(words in lower for words in _NO_DATABASE) or ('database "' in lower and "does not exist" in lower):
        return DatabaseNotFound(f"Database {address.url.database} does not exist on {host}: create it first")
    if any(words in lower for words in _BAD_OPTION):
        return InvalidDatabaseUrl(f"The database URL has an option that PostgreSQL does not accept: {text}")
    return Unreachable(f"Database server at {address.place} could not be reached: {text}")


def _delays() -> Iterator[float]:
    delay = 0.2
    while True:
        yield delay * random.uniform(0.7, 1.3)  # noqa: S311  spreads replicas, guards nothing
        delay = min(delay * 1.6, 3.0)
