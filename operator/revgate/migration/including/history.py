"""The bundled revisions as a history of their own beside the host project's, brought to its head.

look: anything to apply? → is the place free? → create the schema → one transaction a revision
"""

import logging
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from typing import Any, Final

import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from revgate.migration.including.names import Inclusion, InclusionRefused
from revgate.migration.including.sqlite import beginning_for_real
from revgate.migration.output.wording import first_line
from revgate.migration.project.scripts import find_scripts

_FROM_THE_HOST: Final = ("as_sql", "output_buffer", "output_encoding")
_log: Final = logging.getLogger("alembic.revgate")  # heard where Alembic is


def upgrade(host: MigrationContext, inclusion: Inclusion) -> None:
    """Bring the tables to their head on the host's connection, and leave that as it was.

    Raises:
        InclusionRefused: nothing was done.
    """
    connection = host.connection
    assert connection is not None
    is_theirs = connection.in_transaction()
    if is_theirs and host.dialect.name == "postgresql":
        raise InclusionRefused(
            "The connection of env.py is in a transaction, where revgate's indexes cannot be built beside the app: "
            "give context.configure a connection of engine.connect() and not of engine.begin(), commit what was done "
            "on it before, and call include_in_alembic before context.begin_transaction"
        )
    ours = context_of(host, inclusion)
    try:
        if not _has_something_to_apply(ours, inclusion):
            return
        if inclusion.schema:
            _create_schema(connection, inclusion.schema)
        if not is_theirs:
            connection.rollback()  # the first revision begins a transaction for writing
        _log.info("Upgrading the tables of revgate, whose version table is %s", inclusion.place)
        with beginning_for_real(connection):
            _run(ours)
    finally:
        if not is_theirs:
            connection.rollback()


def write_upgrade(host: MigrationContext, inclusion: Inclusion) -> None:
    """Write the whole upgrade into the host's script, when that is for an empty database."""
    if host.get_current_heads():
        host.impl.static_output(
            f"-- Left out: the tables of revgate ({inclusion.place}), as this script does not start from base\n"
        )
        return
    ours = context_of(host, inclusion)
    if inclusion.schema:
        ours.execute(sa.schema.CreateSchema(inclusion.schema, if_not_exists=True))
    _run(ours)


def context_of(host: MigrationContext, inclusion: Inclusion) -> MigrationContext:
    """Return a context of Alembic's for our history, on the host's connection or writing into its script."""
    naming = import_module("revgate.migrations.naming")
    options = {
        **{option: host.opts[option] for option in _FROM_THE_HOST if option in host.opts},
        naming.TABLE_PREFIX: inclusion.prefix,
        naming.SCHEMA: inclusion.schema,
        "script": _scripts(),
        "fn": lambda heads, _context: steps(heads, inclusion),
        "version_table": inclusion.version_table,
        "version_table_schema": inclusion.schema,
        "transaction_per_migration": True,
        "transactional_ddl": True,
        "literal_binds": host.as_sql,
    }
    connection = None if host.as_sql else host.connection
    return MigrationContext.configure(connection=connection, dialect=host.dialect, opts=options)


def steps(heads: Sequence[str], inclusion: Inclusion) -> Sequence[Any]:
    """Return what is to be applied when the tables are at `heads`.

    Raises:
        InclusionRefused: they are where this version of revgate does not know the way from.
    """
    scripts = _scripts()
    try:
        return scripts._upgrade_revs("heads", heads)  # type: ignore[arg-type]  # noqa: SLF001  as `alembic upgrade`
    except CommandError as error:
        raise InclusionRefused(
            f"Tables of revgate are at {', '.join(heads)} by {inclusion.place}, and this version of revgate ends at "
            f"{', '.join(scripts.get_heads())}: install the version that made them, or a newer one"
        ) from error


def place_of(connection: sa.Connection, inclusion: Inclusion) -> str | None:
    """Return the schema where the tables are, or would be; None where there are no schemas."""
    if inclusion.schema or connection.dialect.name != "postgresql":
        return inclusion.schema
    found: str | None = connection.exec_driver_sql("SELECT current_schema()").scalar_one()
    return found


def _has_something_to_apply(ours: MigrationContext, inclusion: Inclusion) -> bool:
    heads = ours.get_current_heads()
    if not heads:
        _refuse_tables_in_the_way(ours, inclusion)
    return bool(steps(heads, inclusion))


def _refuse_tables_in_the_way(ours: MigrationContext, inclusion: Inclusion) -> None:
    assert ours.connection is not None
    there = sa.inspect(ours.connection).get_table_names(schema=place_of(ours.connection, inclusion))
    in_the_way = sorted((inclusion.tables | inclusion.dropped.keys()).intersection(there))
    if in_the_way:
        raise InclusionRefused(
            f"Names that revgate's tables would have are taken, {', '.join(in_the_way)}, and no {inclusion.place} says "
            "that these are revgate's: pass another table_prefix or schema to include_in_alembic"
        )


def _create_schema(connection: sa.Connection, schema: str) -> None:
    """Create the schema when it is missing: IF NOT EXISTS alone needs the right to create it even when it is there."""
    if sa.inspect(connection).has_schema(schema):
        return
    try:
        connection.execute(sa.schema.CreateSchema(schema, if_not_exists=True))
    except sa.exc.DBAPIError as error:
        raise InclusionRefused(
            f"Schema {schema} could not be created: {first_line(error)}; create it beforehand, or grant CREATE on the "
            "database to this user"
        ) from error
    connection.commit()


def _run(ours: MigrationContext) -> None:
    with Operations.context(ours):
        ours.run_migrations()


@cache
def _scripts() -> ScriptDirectory:
    return find_scripts({}, bundled=True).directory
