"""Indexes of tables that hold rows already: built beside the app, and again after a build that was cut off.

A failed CREATE INDEX CONCURRENTLY leaves an invalid index, which IF NOT EXISTS then takes for the wanted one. What an
earlier run may have left, and what is done about it:

    nothing ───────> build
    valid ─────────> nothing to do
    invalid ───────> drop, build
    being built ───> wait and look again: the server may still work for a runner that was killed
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from revgate.migration.environment.autocommit import repeatable, without_timeouts
from revgate.migration.postgresql.catalog_sql import BUILDS
from revgate.migration.stopping import pause

_POLL_SECONDS: Final = 0.2
_DROP_WITHIN: Final = sa.text("SELECT set_config('lock_timeout', '10s', false)")

# By its table and not by name alone: the search path may lead to an index of the same name elsewhere
_STATE: Final = sa.text(
    f"""
    SELECT i.indisvalid, EXISTS (SELECT FROM pg_stat_progress_create_index AS p WHERE {BUILDS})
    FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
    WHERE i.indrelid = to_regclass(:table) AND c.relname = :name
    """  # noqa: S608  a constant
)


def create_index_concurrently(
    index_name: str,
    table_name: str,
    columns: Sequence[str | sa.TextClause | sa.ColumnElement[Any]],
    *,
    schema: str | None = None,
    unique: bool = False,
    **options: Any,
) -> None:
    """Create an index; on PostgreSQL without blocking writers, in transactions of its own, and safe to run again.

    Everything that the revision did before is committed by this: call it first, or alone in its revision. Of a unique
    index that met duplicates nothing is left.

    Args:
        index_name: as for op.create_index, where it may be op.f("...").
        table_name: the same.
        columns: the same.
        schema: the same.
        unique: the same.
        options: whatever else op.create_index takes, such as postgresql_where; on databases other than PostgreSQL the
            index is an ordinary one.

    Raises:
        sqlalchemy.exc.DBAPIError: whatever the database says.
    """
    if op.get_context().dialect.name != "postgresql":
        op.create_index(index_name, table_name, columns, schema=schema, unique=unique, **options)
        return
    index = _Index(index_name, table_name, schema)
    given = {**_without_conditions(options), "unique": unique}
    with _outside_of_transactions():
        if op.get_context().as_sql:  # SQL that is only written down cannot look
            index.drop()
            index.create(columns, given)
        else:
            _bring_about(index, columns, given)


def drop_index_concurrently(
    index_name: str, table_name: str | None = None, *, schema: str | None = None, **options: Any
) -> None:
    """Drop an index where it is there; on PostgreSQL without blocking readers, and safe to run again.

    Everything that the revision did before is committed by this: call it first, or alone in its revision.

    Args:
        index_name: as for op.drop_index.
        table_name: the same.
        schema: the same.
        options: whatever else op.drop_index takes.
    """
    if op.get_context().dialect.name != "postgresql":
        op.drop_index(index_name, table_name, schema=schema, **options)
        return
    with _outside_of_transactions():
        _Index(index_name, table_name, schema).drop(**_without_conditions(options))


class _State(StrEnum):
    ABSENT = "absent"
    VALID = "valid"
    INVALID = "invalid"
    BEING_BUILT = "being built"


@dataclass(frozen=True, slots=True)
class _Index:
    """An index by its name and its table, as op takes them."""

    name: str
    table: str | None
    schema: str | None

    def create(self, columns: Sequence[Any], options: dict[str, Any]) -> None:
        assert self.table is not None
        op.create_index(self.name, self.table, columns, schema=self.schema, postgresql_concurrently=True, **options)

    def drop(self, **options: Any) -> None:
        op.drop_index(
            self.name, self.table, schema=self.schema, postgresql_concurrently=True, if_exists=True, **options
        )

    def state(self, connection: sa.Connection) -> _State:
        preparer = connection.dialect.identifier_preparer
        name = preparer.truncate_and_render_index_name(self.name, _alembic_quote=False)  # of op.f, long names are cut
        row = connection.execute(_STATE, {"table": self._qualified(connection), "name": name}).one_or_none()
        match row:
            case None:
                return _State.ABSENT
            case (_, True):
                return _State.BEING_BUILT
            case (True, _):
                return _State.VALID
            case _:
                return _State.INVALID

    def _qualified(self, connection: sa.Connection) -> str:
        """Return the table as PostgreSQL reads its name from a text."""
        translation = connection.get_execution_options().get("schema_translate_map") or {}
        parts = [part for part in (translation.get(self.schema, self.schema), self.table) if part]
        return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def _bring_about(index: _Index, columns: Sequence[Any], options: dict[str, Any]) -> None:
    connection = op.get_bind()
    state = _settled(index, connection)
    if state is _State.INVALID:
        index.drop()
    if state is not _State.VALID:
        _build(index, columns, options)


def _build(index: _Index, columns: Sequence[Any], options: dict[str, Any]) -> None:
    connection = op.get_bind()
    try:
        index.create(columns, options)
    except sa.exc.IntegrityError:
        with suppress(sa.exc.DBAPIError):  # it would cost every write, and refuse rows that the app may write today
            connection.execute(_DROP_WITHIN)
            index.drop()
        raise
    except sa.exc.ProgrammingError:
        # That name is taken: by a build that was in the queue for the table before ours, or by something else
        if connection.invalidated or _settled(index, connection) is not _State.VALID:
            raise


def _settled(index: _Index, connection: sa.Connection) -> _State:
    """Return what there is, after whoever builds it has ended."""
    while (state := index.state(connection)) is _State.BEING_BUILT:
        pause(_POLL_SECONDS)
    return state


def _without_conditions(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options but those that ask for what is done here anyhow."""
    ours = {"if_exists", "if_not_exists", "postgresql_concurrently"}
    return {name: value for name, value in options.items() if name not in ours}


@contextmanager
def _outside_of_transactions() -> Iterator[None]:
    """Be in no transaction, where a build may wait for old snapshots as long as it must: it blocks nobody."""
    with repeatable(), op.get_context().autocommit_block():
        if op.get_context().as_sql:
            yield
        else:
            with without_timeouts(op.get_bind()):
                yield
