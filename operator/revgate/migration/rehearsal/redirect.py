"""Every connection that SQLAlchemy makes leads to the scratch database, whatever env.py or a revision names.

An env.py may have the address of the real database from anywhere: a settings object, alembic.ini, a pool that an
application's module made on its import. None of them may reach it while a rehearsal runs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import sqlalchemy as sa

from revgate.migration.errors import WrongDatabase

_PLACE: Final = frozenset(
    {
        *("dsn", "host", "hostaddr", "port", "user", "password", "passfile", "dbname", "database", "service"),
        *("ssl", "sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl", "sslpassword", "channel_binding"),
        *("target_session_attrs", "load_balance_hosts", "gssencmode", "krbsrvname", "require_auth", "sslnegotiation"),
    }
)
_DRIVERS: Final = ("psycopg", "pg8000", "sqlalchemy.dialects.postgresql")  # how the modules of connections begin


@contextmanager
def everything_leads_to(url: sa.URL) -> Iterator[None]:
    """Let no connection to PostgreSQL lead elsewhere than to this database, whose name no other server has."""

    def connect(dialect: sa.Dialect, _record: object, _words: object, given: dict[str, Any]) -> Any:
        if dialect.name != "postgresql":
            return None
        words, place = dialect.create_connect_args(_for(dialect, url))
        kept = {key: value for key, value in given.items() if key not in _PLACE}
        return dialect.connect(*words, **{**kept, **place})

    def refuse_other(connection: Any, _record: object) -> None:
        if _is_elsewhere(connection, url):
            raise WrongDatabase(
                "env.py, or a revision, connects by a creator of its own to another database than the scratch "
                "database, where a rehearsal must not go: let SQLAlchemy connect by a URL"
            )

    def connect_anew(connection: Any, _record: object, _proxy: object) -> None:
        if _is_elsewhere(connection, url):
            raise sa.exc.DisconnectionError("made before the rehearsal")  # the pool then asks for another one

    listeners: tuple[tuple[Any, str, Any], ...] = (
        (sa.Engine, "do_connect", connect),
        (sa.Pool, "connect", refuse_other),
        (sa.Pool, "checkout", connect_anew),
    )
    for listener in listeners:
        sa.event.listen(*listener)
    try:
        yield
    finally:
        for listener in listeners:
            sa.event.remove(*listener)


def _for(dialect: sa.Dialect, url: sa.URL) -> sa.URL:
    """Return the URL for this driver; those that are not libpq have no word for most of its options."""
    if dialect.driver.startswith("psycopg"):
        return url.set(drivername=f"postgresql+{dialect.driver}")
    mode = url.query.get("sslmode")
    query = {"ssl": mode} if mode and dialect.driver == "asyncpg" else {}
    return url.set(drivername=f"postgresql+{dialect.driver}", query=query)


def _is_elsewhere(connection: Any, url: sa.URL) -> bool:
    if not type(connection).__module__.startswith(_DRIVERS):
        return False
    cursor = connection.cursor()
    try:
        cursor.execute("SELECT current_database()")
        return bool(cursor.fetchone()[0] != url.database)
    finally:
        cursor.close()
        connection.commit()  # no rollback, which would take back what somebody has set before us
