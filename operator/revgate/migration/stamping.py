"""Stamping: the version table is told where the database is, and nothing is run."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext

from revgate.contract.serves import below
from revgate.migration.database import Lock
from revgate.migration.disagreement import warn_of_edited
from revgate.migration.environment.environment import Pass, run_environment, stage
from revgate.migration.errors import UnknownTarget, WrongDatabase
from revgate.migration.findings import Findings
from revgate.migration.including.command import DIRECTION
from revgate.migration.look import Project
from revgate.migration.observe import see
from revgate.migration.project.target import resolve_target
from revgate.migration.recorded import edited
from revgate.migration.run import Place, Request, completed_ledger, held
from revgate.migration.undo import BASE


def stamp(request: Request, target: str, findings: Findings) -> None:
    """Write the target into the version table in place of whatever is there, also of what nobody knows.

    Raises:
        MigrationError: the class says what to do next.
    """
    with request.database.open(request.visit()) as sessions:
        project = findings.project = request.look(request.scripts, target, sessions)
        heads = _heads_of(project, target)
        with held(sessions, project, findings) as lock:
            see(sessions, project, findings, with_ledger=request.ledger.enabled)
            lock.ensure_schema()
            _write(project, target, heads, sessions.engine, lock)
            place = Place(sessions, project, lock)
            if request.ledger.enabled:
                applied = tuple(sorted(below(heads, project.revisions.edges)))
                completed_ledger(request, place, findings, applied)
                known = project.revisions.known
                warn_of_edited(edited(heads, known, findings.rows), known, "a stamp runs nothing")
            findings.see(place.heads())
    if set(findings.current) != set(heads):
        raise WrongDatabase(f"Stamp had no effect on {project.history.place}: look which database env.py uses")


def _heads_of(project: Project, target: str) -> tuple[str, ...]:
    if target == BASE:
        return ()
    if "," in target:
        raise UnknownTarget(f"Target {target} is several revisions: name one, head, heads or base")
    return resolve_target(target, project.revisions, project.scripts.directory)


def _write(project: Project, target: str, heads: tuple[str, ...], engine: sa.Engine, lock: Lock) -> None:
    def replace(_heads: tuple[str, ...], context: MigrationContext) -> Iterable[Any]:
        table, connection = context._version, context.connection  # noqa: SLF001  the table that env.py configured
        assert connection is not None
        connection.execute(table.delete())
        for head in heads:
            connection.execute(table.insert().values(version_num=head))
        connection.commit()
        return ()

    with stage(engine) as (scene, connection):
        lock.extend_to(connection)
        one = Pass(project.scripts, target, connection, replace, options={DIRECTION: "stamp"})
        run_environment(one, scene)
