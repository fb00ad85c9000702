"""The first pass of env.py: which history is it about, and which revisions are there? Nothing is applied."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
import structlog
from alembic.runtime.migration import MigrationContext

from revgate.migration.environment import Pass, run_environment
from revgate.migration.errors import PermissionDenied
from revgate.migration.history import History
from revgate.migration.revisions import Revisions, read_revisions
from revgate.migration.scripts import Scripts
from revgate.migration.signals import Stop
from revgate.migration.wording import first_line

_PLACE: Final = (
    "SELECT current_database(), coalesce((SELECT n.nspname FROM pg_class c JOIN pg_namespace n "
    "ON n.oid = c.relnamespace WHERE c.relname = %(table)s AND pg_table_is_visible(c.oid)), current_schema()), "
    "current_setting('role')"
)


@dataclass(frozen=True, slots=True)
class Project:
    """What env.py and the revision files say."""

    scripts: Scripts
    revisions: Revisions
    history: History
    role: str  # what env.py set, "none" when it did not


def look_at_project(scripts: Scripts, target: str, engine: sa.Engine) -> Project:
    """Run env.py without applying anything, and return what it configured.

    Raises:
        MigrationError: if env.py or a revision file is broken.
    """
    found: list[Project] = []

    def look(_heads: tuple[str, ...], context: MigrationContext) -> Iterable[Any]:
        # Here and not before: env.py may have to set the scene for the files to be importable, or say where they are
        found.append(_project(scripts, context))
        return ()

    with engine.connect() as scene, engine.connect() as connection:
        one = Pass(scripts, target, connection, look, options={"dont_mutate": True})
        try:
            run_environment(one, scene)
        except Stop:
            raise
        except BaseException as error:
            if not found or one.error is not None:
                raise
            # What follows run_migrations may need what a revision makes; the second pass will tell
            structlog.get_logger().info("environment_failed_after_look", problem=first_line(error))
        finally:
            if not connection.closed and not connection.invalidated:
                connection.rollback()  # also the version table that an older Alembic creates for a look
    return found[0]


def _project(scripts: Scripts, context: MigrationContext) -> Project:
    assert context.connection is not None
    values = {"table": context.version_table}
    database, visible, role = context.connection.exec_driver_sql(_PLACE, values).one()
    schema = _translated(context) or visible
    if schema is None:
        raise PermissionDenied("No schema of the search_path exists for this user: create it, or set search_path")
    history = History(database, schema, context.version_table)
    return Project(scripts, read_revisions(scripts.directory), history, role)


def _translated(context: MigrationContext) -> str | None:
    """Return the version table's schema as statements of SQLAlchemy see it: env.py may map "none" to a tenant's."""
    assert context.connection is not None
    names = context.connection.get_execution_options().get("schema_translate_map") or {}
    schema: str | None = names.get(context.version_table_schema, context.version_table_schema)
    return schema
