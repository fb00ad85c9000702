"""What env.py did on its connection, done on ours: we run the revisions on a connection of our own.

env.py gets a connection, or makes one, and may set a search_path or a role on it, or create a schema, before it calls
configure. What it made is committed, so that ours sees it; what it set is set on ours. Its own transaction handling
then cannot undo or cut through the transactions of the revisions.
"""

from typing import Any

import sqlalchemy as sa
import structlog

_WHERE = (
    "SELECT current_database(), pg_postmaster_start_time(), current_setting('search_path'), current_setting('role')"
)


def take_over(theirs: object, ours: sa.Connection) -> None:
    """Make our connection see and be what env.py's is, when both are of one database; `theirs` may be anything."""
    if not isinstance(theirs, sa.Connection) or theirs is ours or theirs.dialect.name != ours.dialect.name:
        return
    publish(theirs)
    there, here = _look(theirs), _look(ours)
    if there[:2] != here[:2]:
        structlog.get_logger().warning(
            "environment_names_another_database", theirs=str(there[0]), ours=str(here[0]), used=str(here[0])
        )
        return
    for name, value, own in zip(("search_path", "role"), there[2:], here[2:], strict=True):
        if value != own:
            ours.exec_driver_sql("SELECT set_config(%(name)s, %(value)s, false)", {"name": name, "value": value})
    ours.commit()
    _translate(theirs, ours)


def publish(theirs: object) -> None:
    """Commit what env.py's connection has begun, below SQLAlchemy, which may believe itself in a `with begin()`."""
    if isinstance(theirs, sa.Connection) and not theirs.closed and not theirs.invalidated:
        driver: Any = theirs.connection.dbapi_connection
        driver.commit()


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
