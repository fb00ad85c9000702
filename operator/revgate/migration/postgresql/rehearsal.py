"""A scratch database on a server that the user names: its own name is nobody's, and it is dropped whatever happens."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Final

import psycopg
import sqlalchemy as sa
from psycopg import errors, sql

from revgate.migration.errors import MigrationError, PermissionDenied
from revgate.migration.failures import Flight, meaning_of
from revgate.migration.output.log import get_logger
from revgate.migration.output.wording import first_line
from revgate.migration.postgresql.address import Address, for_psycopg
from revgate.migration.postgresql.connect import connect, connect_patiently
from revgate.migration.postgresql.pooler import is_pooled, refuse_pooler
from revgate.migration.postgresql.session import application_name

PREFIX: Final = "revgate_rehearsal_"
NAME: Final = application_name("", "rehearsal")
"""What pg_stat_activity shows of our own sessions; those of the run have its usual names."""

_PATIENCE: Final = 5.0  # seconds for a server that restarts just when the database is to be dropped
_FORCE: Final = 130000  # the first version that ends the sessions of a database that is dropped


@dataclass(slots=True)
class Scratch:
    """The scratch database, by the way to it."""

    address: Address
    left: str = ""  # why it could not be dropped

    @property
    def name(self) -> str:
        """Return its name."""
        return str(self.address.url.database)


def address_of(url: sa.URL, name: str = "") -> Address:
    """Return the address of a URL for any driver, or of another database on its server."""
    url = for_psycopg(url)
    url = url.set(database=name or url.database or "postgres")
    return Address(url.render_as_string(hide_password=False), url)


@contextmanager
def scratch_database(server: Address) -> Iterator[Scratch]:
    """Make an empty database on the server, and drop it when the block ends, however it ends.

    Args:
        server: any database there that this user can connect to; nothing is done to it.

    Raises:
        MigrationError: if it could not be made.
    """
    scratch = Scratch(address_of(server.url, f"{PREFIX}{secrets.token_hex(6)}"))
    try:
        _create(server, scratch.name)
        yield scratch
    finally:
        try:
            _drop(server, scratch)
        except KeyboardInterrupt:  # a signal comes once, and just now
            _drop(server, scratch)
            raise


def set_as(settings: Mapping[str, str], server: Address, name: str) -> None:
    """Let new sessions of a database begin with these settings, as far as its server and the user may."""
    with closing(_connect(server)) as connection:
        for setting, value in settings.items():
            with suppress(errors.UndefinedObject, errors.InvalidParameterValue, errors.InsufficientPrivilege):
                connection.execute("SELECT set_config(%s, %s, false)", (setting, value))
                change = sql.SQL("ALTER DATABASE {} SET {} FROM CURRENT")
                connection.execute(change.format(sql.Identifier(name), sql.Identifier(*setting.split("."))))


def _connect(server: Address) -> psycopg.Connection:
    return connect(server, NAME)


def _create(server: Address, name: str) -> None:
    with closing(_connect(server)) as connection:
        if is_pooled(connection):
            refuse_pooler()
        try:
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        except errors.InsufficientPrivilege as error:
            user, host = connection.info.user, connection.info.host
            raise PermissionDenied(
                f"User {user} may not create a database on {host}: let it (ALTER ROLE ... CREATEDB), or name another"
            ) from error
        except psycopg.Error as error:
            raise meaning_of(error, Flight()) from error
    get_logger().info("scratch_database_created", database=name)


def _drop(server: Address, scratch: Scratch) -> None:
    """Drop the database with whoever is still in it; what a run came to is not lost when that fails."""
    try:
        with closing(connect_patiently(server, NAME, _PATIENCE)) as connection:
            force = sql.SQL(" WITH (FORCE)" if connection.info.server_version >= _FORCE else "")
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(scratch.name)) + force)
    except (MigrationError, psycopg.Error) as error:
        scratch.left = str(error) if isinstance(error, MigrationError) else first_line(error)
        log = get_logger()
        log.warning("scratch_database_not_dropped", database=scratch.name, on=_host(server), problem=scratch.left)


def _host(server: Address) -> str:
    return server.place.rpartition("/")[0]
