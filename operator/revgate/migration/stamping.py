"""Stamping: the version table is told where the database is, and nothing is run."""

from revgate.contract.serves import below
from revgate.migration.disagreement import warn_of_edited
from revgate.migration.errors import UnknownTarget, WrongDatabase
from revgate.migration.findings import Findings
from revgate.migration.look import Project
from revgate.migration.observe import see
from revgate.migration.place import Place
from revgate.migration.project.target import resolve_target
from revgate.migration.recorded import edited
from revgate.migration.run import Request, completed_ledger, held
from revgate.migration.undo import BASE
from revgate.migration.writing_heads import write_heads


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
            place = Place(sessions, project, lock)
            write_heads(place, target, heads)
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
