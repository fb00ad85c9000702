"""Indexes of tables that hold rows already: built beside the app, and again after a build that was cut off.

A failed CREATE INDEX CONCURRENTLY leaves an invalid index, which IF NOT EXISTS then takes for the wanted one. What an
earlier run may have left, and what is done about it:

    nothing ───────> build
    valid ─────────> nothing to do
    invalid ───────> drop, build
    being built ───> wait and look again: the server may still work for a runner that was killed
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import Final

import sqlalchemy as sa
from alembic import op
from revgate.migrations import naming

_POLL_SECONDS: Final = 0.2

# By its table and not by name alone: the search path may lead to an index of the same name elsewhere.
_STATE: Final = sa.text(
    """
    SELECT i.indisvalid, EXISTS (
        SELECT FROM pg_stat_progress_create_index AS p
        WHERE p.index_relid = i.indexrelid AND p.datname = current_database()
    )
    FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
    WHERE i.indrelid = to_regclass(:table) AND c.relname = :name
    """
)


class _State(StrEnum):
    ABSENT = "absent"
    VALID = "valid"
    INVALID = "invalid"
    BEING_BUILT = "being built"


def create_index(plain: str, plain_table: str, columns: Sequence[str], *, unique: bool = False) -> None:
    """Create an index; on PostgreSQL without blocking writers, in transactions of its own.

    Everything that the revision did before is committed by this, so it must be safe to do again.
    """
    name, table, schema = naming.name(plain), naming.name(plain_table), naming.schema()
    if op.get_context().dialect.name != "postgresql":
        op.create_index(name, table, columns, unique=unique, schema=schema)
        return
    with op.get_context().autocommit_block(), _without_timeouts():
        if not _is_valid_already(name, table):
            op.drop_index(name, table, schema=schema, postgresql_concurrently=True, if_exists=True)
            op.create_index(name, table, columns, schema=schema, unique=unique, postgresql_concurrently=True)


def drop_index(plain: str, plain_table: str) -> None:
    """Drop what create_index made, whether or not an earlier try did so."""
    name, table, schema = naming.name(plain), naming.name(plain_table), naming.schema()
    if op.get_context().dialect.name != "postgresql":
        op.drop_index(name, table, schema=schema)
        return
    with op.get_context().autocommit_block(), _without_timeouts():
        op.drop_index(name, table, schema=schema, postgresql_concurrently=True, if_exists=True)


def _is_valid_already(name: str, table: str) -> bool:
    """Say whether the index is there, after whoever builds it has ended; SQL that is only written down cannot know."""
    if op.get_context().as_sql:
        return False
    while (state := _state(name, table)) is _State.BEING_BUILT:
        time.sleep(_POLL_SECONDS)
    return state is _State.VALID


def _state(name: str, table: str) -> _State:
    row = op.get_bind().execute(_STATE, {"table": _quoted(table), "name": name}).one_or_none()
    match row:
        case None:
            return _State.ABSENT
        case (_, True):
            return _State.BEING_BUILT
        case (True, _):
            return _State.VALID
        case _:
            return _State.INVALID


def _quoted(table: str) -> str:
    """Return a table as PostgreSQL reads its name from a text."""
    parts = [part.replace('"', '""') for part in (naming.schema(), table) if part]
    return ".".join(f'"{part}"' for part in parts)


@contextmanager
def _without_timeouts() -> Iterator[None]:
    """Let a build wait for old snapshots as long as it must: it blocks nobody, and cut off it leaves an invalid index.

    The session gets its own settings back, unless the connection is gone.
    """
    if op.get_context().as_sql:
        yield
        return
    connection = op.get_bind()
    names = ("lock_timeout", "statement_timeout")
    before = {name: connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in names}
    _set(connection, dict.fromkeys(names, "0"))
    try:
        yield
    finally:
        if not connection.closed and not connection.invalidated:
            _set(connection, before)


def _set(connection: sa.Connection, settings: dict[str, str]) -> None:
    for name, value in settings.items():
        connection.execute(sa.text("SELECT set_config(:name, :value, false)"), {"name": name, "value": value})
