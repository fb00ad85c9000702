"""From the user's SQLAlchemy engine to a database of ours.

Alembic works on blocking connections, and a run needs sessions of its own. An engine of psycopg is asked to connect
for us, by whatever it was given: arguments, a creator, listeners. From another driver of PostgreSQL, an async engine,
or one that the command line has made, the arguments are taken over, and psycopg connects.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from revgate.migration.errors import InvalidOptions
from revgate.migration.library.engine_arguments import arguments_of, has_creator
from revgate.migration.library.engine_kinds import sync_engine_of
from revgate.migration.settings.database_url import PLAIN

if TYPE_CHECKING:
    import psycopg
    import sqlalchemy as sa
    from sqlalchemy.ext.asyncio import AsyncEngine

    from revgate.migration.database import Database

_OUR_BUSINESS: Final = ("isolation_level", PLAIN)


def database_of(engine: sa.Engine | AsyncEngine, *, echo: bool) -> Database:
    """Return the database that an engine leads to.

    Raises:
        InvalidOptions: if it is none that we can migrate, or its driver is missing.
    """
    sync = sync_engine_of(engine)
    if sync.dialect.name == "sqlite":
        return _sqlite(sync, echo=echo)
    if sync.dialect.name == "postgresql":
        return _postgresql(sync, echo=echo)
    raise InvalidOptions(f"Dialect {sync.dialect.name} cannot be migrated: use an engine of PostgreSQL or SQLite")


def _postgresql(engine: sa.Engine, *, echo: bool) -> Database:
    try:
        from revgate.migration.postgresql.address import Address, for_psycopg  # noqa: PLC0415  SQLite needs no psycopg
        from revgate.migration.postgresql.sessions import PostgreSQL  # noqa: PLC0415  the same
    except ImportError as error:
        raise InvalidOptions("Driver psycopg is missing: pip install 'revgate[postgresql]'") from error
    url = for_psycopg(engine.url)
    given = url.render_as_string(hide_password=False)
    asks = engine.dialect.driver == "psycopg" and not engine.dialect.is_async
    if asks and not engine.get_execution_options().get(PLAIN):
        address = Address(given, url, dialer=partial(_borrow, engine))
    else:
        address = Address(given, url, arguments=arguments_of(engine))
    return PostgreSQL(address, echo, _options(engine))


def _borrow(engine: sa.Engine) -> psycopg.Connection:
    """Let the engine connect anew, and take the connection out of its pool: it is ours to set up and to close."""
    fairy = engine.pool.recreate().connect()
    connection: Any = fairy.driver_connection
    fairy.detach()
    borrowed: psycopg.Connection = connection
    return borrowed


def _sqlite(engine: sa.Engine, *, echo: bool) -> Database:
    from revgate.migration.sqlite.file import Address, blocking, is_in_memory  # noqa: PLC0415  nor the other way round
    from revgate.migration.sqlite.sessions import SQLite  # noqa: PLC0415  the same

    in_memory = is_in_memory(engine.url)
    if in_memory and engine.dialect.is_async:
        raise InvalidOptions(
            "Database is in the memory of an aiosqlite connection, where nothing else can reach it: use a file, or an "
            "engine of pysqlite with StaticPool"
        )
    if not in_memory and has_creator(engine):
        raise InvalidOptions(
            f"Engine of {engine.dialect.driver} connects through a creator of its own, nobody can say to which file: "
            "give an engine whose URL names the file, or one of sqlite:// with the creator"
        )
    return SQLite(Address(blocking(engine.url)), echo, _options(engine), engine if in_memory else None)


def _options(engine: sa.Engine) -> dict[str, Any]:
    """Return what the user wants of every connection."""
    return {name: value for name, value in engine.get_execution_options().items() if name not in _OUR_BUSINESS}
