"""Writing the version table without running anything."""

from collections.abc import Iterable, Sequence
from typing import Any

from alembic.runtime.migration import MigrationContext

from revgate.migration.environment.environment import Pass, run_environment, stage
from revgate.migration.including.command import DIRECTION
from revgate.migration.place import Place


def write_heads(place: Place, target: str, heads: Sequence[str]) -> None:
    """Put these rows in place of whatever is in the version table, as env.py has configured it.

    Args:
        place: where, under the lock.
        target: what env.py may ask for.
        heads: full ids.
    """

    def replace(_heads: tuple[str, ...], context: MigrationContext) -> Iterable[Any]:
        table, connection = context._version, context.connection  # noqa: SLF001  the table that env.py configured
        assert connection is not None
        connection.execute(table.delete())
        for head in heads:
            connection.execute(table.insert().values(version_num=head))
        connection.commit()
        return ()

    with stage(place.sessions.engine) as (scene, connection):
        place.lock.extend_to(connection)
        one = Pass(place.project.scripts, target, connection, replace, options={DIRECTION: "stamp"})
        run_environment(one, scene)
