"""What env.py did on its connection, done on ours: we run the revisions on a connection of our own.

env.py gets a connection, or makes one, and may set a search_path or a role on it, or create a schema, before it calls
configure. What it made is committed, so that ours sees it; what it set is set on ours. Its own transaction handling
then cannot undo or cut through the transactions of the revisions.
"""

from typing import Any

import sqlalchemy as sa

from revgate.migration.output.log import get_logger

_WHERE = (
    "SELECT current_database(), pg_postmaster_start_time(), current_setting('search_path'), current_setting('role')"
)


def take_over(theirs: object, ours: sa.Connection) -> None:
    """Make our connection see and be what env.py's is, when both are of one database; `theirs` may be anything."""
    if not isinstance(theirs, sa.Connection) or theirs is ours or theirs.dialect.name != ours.dialect.name:
        return
    publish(theirs)
    same = _same_file(theirs, ours) if ours.dialect.name == "sqlite" else _same_server(theirs, ours)
    if same:
        _translate(theirs, ours)


def _same_server(theirs: sa.Connection, ours: sa.Connection) -> bool:
    there, here = _look(theirs), _look(ours)
    if there[:2] != here[:2]:
        return _warn(there[0], here[0])
    for name, value, own in zip(("search_path", "role"), there[2:], here[2:], strict=True):
        if value != own:
            ours.exec_driver_sql("SELECT set_config(%(name)s, %(value)s, false)", {"name": name, "value": value})
    ours.commit()
    return True


def _same_file(theirs: sa.Connection, ours: sa.Connection) -> bool:
    there, here = (_driver(each).execute("PRAGMA database_list").fetchone()[2] for each in (theirs, ours))
    return there == here or _warn(there, here)


def _warn(theirs: object, ours: object) -> bool:
    log = get_logger()
    log.warning("environment_names_another_database", theirs=str(theirs), ours=str(ours), used=str(ours))
    return False


def publish(theirs: object, ours: sa.Connection | None = None) -> None:
    """Commit what env.py's connection has begun, below SQLAlchemy, which may believe itself in a `with begin()`.

    Of a database in memory there is one connection for all: what ours has begun on it stays begun.
    """
    if not isinstance(theirs, sa.Connection) or theirs.closed or theirs.invalidated:
        return
    if ours is None or _driver(ours) is not _driver(theirs):
        _driver(theirs).commit()


def _driver(connection: sa.Connection) -> Any:
    """Return the driver's connection: what is asked of it begins no transaction of SQLAlchemy's."""
    return connection.connection.dbapi_connection


def _look(connection: sa.Connection) -> tuple[Any, ...]:
    """Return where a connection is and what is set on it, and leave it in or out of a transaction as it was."""
    was_in_transaction = connection.in_transaction()
    row = tuple(connection.exec_driver_sql(_WHERE).one())
    publish(connection)
    if not was_in_transaction:
        connection.rollback()
    return row


def _translate(theirs: sa.Connection, ours: sa.Connection) -> None:
    translation = theirs.get_execution_options().get("schema_translate_map")
    if translation:
        ours.execution_options(schema_translate_map=translation)
