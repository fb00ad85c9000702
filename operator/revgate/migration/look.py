"""The first pass of env.py: which history is it about, and which revisions are there? Nothing is applied."""

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from alembic.runtime.migration import MigrationContext

from revgate.migration.database import Sessions
from revgate.migration.environment.environment import Pass, run_environment, stage
from revgate.migration.errors import Conflict
from revgate.migration.history import History
from revgate.migration.output.log import get_logger
from revgate.migration.output.wording import first_line
from revgate.migration.project.revisions import Revisions, import_revisions, read_revisions
from revgate.migration.project.scripts import Scripts
from revgate.migration.signals import Stop
from revgate.migration.stopping import pause

_RETRIES: Final = 5
_BETWEEN: Final = (0.05, 0.5)  # seconds


@dataclass(frozen=True, slots=True)
class Project:
    """What env.py and the revision files say."""

    scripts: Scripts
    revisions: Revisions
    history: History
    version_table: tuple[str, str | None]  # its name, and its schema as env.py gave it
    options: Mapping[str, Any]  # whatever else env.py passed to context.configure


Look: TypeAlias = Callable[[Scripts, str, Sessions], Project]
"""What finds out about a project, given the scripts and a target that env.py may ask for."""


def look_at_project(scripts: Scripts, target: str, sessions: Sessions, *, imports_all: bool = False) -> Project:
    """Run env.py without applying anything, and return what it configured.

    With `imports_all` every revision file is imported, also those that said by their text what they are.

    Raises:
        MigrationError: if env.py or a revision file is broken.
    """
    for _ in range(_RETRIES):
        try:
            return _look(scripts, target, sessions, imports_all=imports_all)
        except Conflict as error:
            # CREATE ... IF NOT EXISTS in an env.py fails when another runner's is doing the same; then it is there
            get_logger().info("look_retried", problem=str(error))
            pause(random.uniform(*_BETWEEN))  # noqa: S311  spreads runners, guards nothing
    return _look(scripts, target, sessions, imports_all=imports_all)


def _look(scripts: Scripts, target: str, sessions: Sessions, *, imports_all: bool) -> Project:
    found: list[Project] = []

    def look(_heads: tuple[str, ...], context: MigrationContext) -> Iterable[Any]:
        # Here and not before: env.py may have to set the scene for the files to be importable, or say where they are
        found.append(_project(scripts, context, sessions))
        if imports_all:
            import_revisions(scripts.directory, found[0].revisions.known)
        return ()

    with stage(sessions.engine) as (scene, connection):
        one = Pass(scripts, target, connection, look, options={"dont_mutate": True})
        try:
            run_environment(one, scene)
        except Stop:
            raise
        except BaseException as error:
            if not found or one.error is not None:
                raise
            # What follows run_migrations may need what a revision makes; the second pass will tell
            get_logger().info("environment_failed_after_look", problem=first_line(error))
        finally:
            if not connection.closed and not connection.invalidated:
                connection.rollback()  # also the version table that an older Alembic creates for a look
    return found[0]


def look_at_scripts(scripts: Scripts, sessions: Sessions) -> Project:
    """Return what a project without an env.py of its own is about: the bundled one, whose env.py decides nothing.

    No other migration of this process is waited for.
    """
    with sessions.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        try:
            return _project(scripts, context, sessions)
        finally:
            connection.rollback()


def _project(scripts: Scripts, context: MigrationContext, sessions: Sessions) -> Project:
    assert context.connection is not None
    translation = context.connection.get_execution_options().get("schema_translate_map")
    return Project(
        scripts=scripts,
        revisions=read_revisions(scripts.directory, scripts.place),
        history=sessions.locate(context),
        version_table=(context.version_table, context.version_table_schema),
        options={**context.opts, "schema_translate_map": translation},
    )
