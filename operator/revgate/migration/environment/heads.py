"""Taking the row of the version table into our own hands, where nobody could see that Alembic did not write it.

Alembic builds, compiles and executes an UPDATE for it after each revision: for a small one that is a third of its work.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

import sqlalchemy as sa
from alembic.ddl.impl import DefaultImpl
from alembic.runtime import migration
from alembic.runtime.migration import HeadMaintainer, MigrationContext
from alembic.util import CommandError
from sqlalchemy.sql.elements import quoted_name

Taken: TypeAlias = Callable[[str, str], bool]
"""Told from which revision to which the row goes, says whether it will be written by whoever is told."""

_EXECUTED: Final = DefaultImpl._exec, sa.Connection.execute  # noqa: SLF001  what all of Alembic's statements go through
_TAKEN: Final = "revgate_taken"


def take_row(context: MigrationContext, taken: Taken) -> None:
    """Ask `taken` before Alembic moves a row of the version table; rows that come or go are Alembic's."""
    vars(context)[_TAKEN] = taken


@contextmanager
def rows_may_be_taken() -> Iterator[None]:
    """Let `take_row` work for whatever runs migrations in the block; Alembic is one run's at a time."""
    module: Any = migration
    module.HeadMaintainer = _Heads
    try:
        yield
    finally:
        module.HeadMaintainer = HeadMaintainer


class _Heads(HeadMaintainer):
    def _update_version(self, from_: str, to_: str) -> None:
        taken: Taken | None = vars(self.context).get(_TAKEN)
        if taken is None or to_ in self.heads or not taken(from_, to_):
            super()._update_version(from_, to_)
            return
        self.heads.remove(from_)
        self.heads.add(to_)


def is_plain(context: MigrationContext) -> bool:
    """Whether nobody listens to what is executed, and the version table is as Alembic makes it."""
    connection, table = context.connection, context._version  # noqa: SLF001  the table that env.py configured
    assert connection is not None
    listened = connection._has_events or connection.engine._has_events or connection._echo  # noqa: SLF001  no public name
    translated = connection.get_execution_options().get("schema_translate_map")
    is_usual = [column.name for column in table.primary_key] == [column.name for column in table.columns]
    named = any(isinstance(name, quoted_name) and name.quote is not None for name in (table.name, table.schema))
    own = "_exec" in vars(context.impl) or (type(context.impl)._exec, sa.Connection.execute) != _EXECUTED  # noqa: SLF001  as above
    return is_usual and not (listened or translated or named or own)


def commits_next(context: MigrationContext) -> bool:
    """Whether nothing is left of a revision but that Alembic commits its transaction, and nobody listens to that."""
    connection = context.connection
    assert connection is not None
    listened = connection._has_events or connection.engine._has_events  # noqa: SLF001  as above
    mine = context._transaction  # noqa: SLF001  a revision may have ended it, and begun one of its own
    is_open = mine is not None and mine.is_active and mine is connection.get_transaction()
    return is_open and connection.get_nested_transaction() is None and not listened


def version_table_of(context: MigrationContext) -> str:
    """Return the version table as it stands in a statement."""
    names = filter(None, (context.version_table_schema, context.version_table))
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def refuse_other_count(context: MigrationContext, count: int, moved: str, revision: str) -> None:
    """Say what Alembic says when the row of the version table was not where it should have been.

    Raises:
        CommandError: unless it was one row.
    """
    if count != 1:
        raise CommandError(
            f"Online migration expected to match one row when updating '{moved}' to '{revision}' in "
            f"'{context._version.name}'; {count} found"  # noqa: SLF001  as above
        )
