"""Where the database is: a whole URL or its parts, from the environment, parsed once and never printed."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg
import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError

from revgate.contract import names
from revgate.migration.errors import InvalidDatabaseUrl

APP_VARIABLE: Final = "DATABASE_URL"
"""What many env.py files read; set for them when it is absent."""

_DRIVER: Final = "postgresql+psycopg"
_HINT: Final = "percent-encode @ : / ? # and % in the password, or set the parts"
_USER_INFO: Final = re.compile(r"\A[^:/]*(?::[^@]*)?@")  # as SQLAlchemy reads it
_SESSION: Final = {
    "connect_timeout": "5",
    "keepalives": "1",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",  # for what was sent and never acknowledged, when keepalives are silent
    "client_encoding": "utf8",  # of a database in SQL_ASCII, psycopg would return bytes
}
_HOW: Final = frozenset(  # libpq tells more, of which the pg_dump of an older one has never heard
    {
        *("channel_binding", "gssencmode", "krbsrvname", "options", "sslcert", "sslcrl", "sslkey", "sslmode"),
        *("sslrootcert", "target_session_attrs"),
    }
)
_OF_ASYNCPG_ONLY: Final = frozenset(
    {
        "async_fallback",
        "command_timeout",
        "max_cacheable_statement_size",
        "max_cached_statement_lifetime",
        "prepared_statement_cache_size",
        "prepared_statement_name_func",
        "statement_cache_size",
        "timeout",
    }
)


@dataclass(frozen=True, slots=True)
class Address:
    """One database, by the URL that the user gave and the one that we use."""

    given: str = field(repr=False)
    url: sa.URL = field(repr=False)
    dialer: Callable[[], psycopg.Connection] | None = field(default=None, repr=False)  # the way of the user's engine
    arguments: Mapping[str, Any] = field(default_factory=dict, repr=False)  # what it gives to its driver, for libpq

    @property
    def place(self) -> str:
        """Return HOST:PORT/NAME, which is no secret."""
        return f"{self.url.host or 'localhost'}:{self.url.port or 5432}/{self.url.database or self.url.username or ''}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return what no text may hold."""
        return (*_secrets(self.url), *filter(None, [str(self.arguments.get("password") or "")]))

    def connect_args(self, application: str) -> dict[str, Any]:
        """Return the keyword arguments of `psycopg.connect`; a lost node is noticed by keepalives."""
        _, args = self.url.get_dialect()().create_connect_args(self.url)
        return {**_SESSION, **args, **self.arguments, "application_name": application}

    def dial(self, application: str) -> psycopg.Connection:
        """Connect, as the user's engine does where there is one.

        Raises:
            psycopg.Error: whatever the driver says.
        """
        if self.dialer is None:
            return psycopg.connect(**self.connect_args(application))
        connection = self.dialer()
        connection.rollback()
        connection.autocommit = False
        connection.execute("SELECT set_config('application_name', %s, false)", (application,))
        connection.commit()
        return connection


def read_address(environ: Mapping[str, str]) -> Address:
    """Return the database that the environment names.

    Raises:
        InvalidDatabaseUrl: if it names none, or none that we can use. The text never quotes the URL.
    """
    for variable in (names.DIRECT_DATABASE_URL, names.DATABASE_URL):
        given = environ.get(variable, "").strip()  # a file made with echo ends with a newline
        if given:
            return Address(given.replace("postgres://", "postgresql://", 1), _parse(given, variable))
    if environ.get(names.DATABASE_PARTS["host"], "").strip():
        url = _assemble(environ)
        return Address(url.render_as_string(hide_password=False), url)
    raise InvalidDatabaseUrl(
        f"No database was named: set {names.DATABASE_URL}, or {names.DATABASE_PARTS['host']} and the other parts"
    )


def share_with_environment(address: Address) -> None:
    """Set DATABASE_URL in this process when it is absent, for env.py files that read it and nothing else."""
    os.environ.setdefault(APP_VARIABLE, address.given)


def _parse(text: str, variable: str) -> sa.URL:
    if "@" in _USER_INFO.sub("", text.partition("://")[2], count=1):  # the end of a password would be told as a host
        raise InvalidDatabaseUrl(f"The URL in {variable} has an @ that is not percent-encoded: {_HINT}")
    # No text of these errors is passed on: a password with an unescaped @ or : ends up in them
    try:
        url = sa.make_url(text.replace("postgres://", "postgresql://", 1))
    except (ArgumentError, ValueError):
        raise InvalidDatabaseUrl(f"The URL in {variable} could not be parsed: {_HINT}") from None
    if url.get_backend_name() != "postgresql":
        raise InvalidDatabaseUrl(f"The URL in {variable} is not one of PostgreSQL: it must begin with postgresql://")
    return for_psycopg(url)


def for_psycopg(url: sa.URL) -> sa.URL:
    """Return the URL for our driver; asyncpg's word for sslmode is ssl, and some of its options nobody else has."""
    query = {key: value for key, value in url.query.items() if key not in _OF_ASYNCPG_ONLY}
    ssl = query.pop("ssl", "")
    if ssl:
        query.setdefault("sslmode", "require" if str(ssl).lower() in {"true", "1"} else ssl)
    return url.set(drivername=_DRIVER, query=query)


def url_of(info: psycopg.ConnectionInfo) -> sa.URL:
    """Return the URL of a connection that was made."""
    given = info.get_parameters()
    query = {name: value for name, value in given.items() if name in _HOW}
    return sa.URL.create(_DRIVER, info.user, info.password or None, info.host, info.port, info.dbname, query)


def _assemble(environ: Mapping[str, str]) -> sa.URL:
    parts = {part: environ.get(variable, "").strip("\r\n") for part, variable in names.DATABASE_PARTS.items()}
    port = parts["port"] or "5432"
    if not port.isdecimal():
        raise InvalidDatabaseUrl(f"{names.DATABASE_PARTS['port']} is not a number")
    return sa.URL.create(
        _DRIVER,
        username=parts["user"] or None,
        password=parts["password"] or None,
        host=parts["host"],
        port=int(port),
        database=parts["name"] or None,
        query={"sslmode": parts["sslMode"]} if parts["sslMode"] else {},
    )


def _secrets(url: sa.URL) -> tuple[str, ...]:
    hidden = [url.query.get(key) for key in ("password", "sslpassword")]
    return tuple(str(secret) for secret in (url.password, *hidden) if secret)
