"""The course of a downgrade: only ever asked for, under the same lock as an upgrade, one revision a transaction."""

import re
from collections.abc import Sequence
from typing import Final

from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError

from revgate.migration.apply import Task
from revgate.migration.disagreement import warn_of_edited
from revgate.migration.errors import RevisionFailed, UnknownRevision, UnknownTarget
from revgate.migration.findings import Findings
from revgate.migration.look import Project
from revgate.migration.observe import see
from revgate.migration.output.wording import first_line
from revgate.migration.place import Place
from revgate.migration.project.target import by_name, nearest
from revgate.migration.recorded import edited
from revgate.migration.run import Request, apply, completed_ledger, held

BASE: Final = "base"
_STEPS: Final = re.compile(r"-\d+")


def downgrade(request: Request, target: str, findings: Findings) -> None:
    """Undo revisions down to `target`: a revision, "base", or "-N" for so many steps.

    Raises:
        MigrationError: the class says what to do next.
    """
    with request.database.open(request.visit()) as sessions:
        project = findings.project = request.look(request.scripts, target, sessions)
        heads = see(sessions, project, findings, with_ledger=request.ledger.enabled)
        if not undone_revisions(project, heads, target):
            return
        with held(sessions, project, findings) as lock:
            heads = see(sessions, project, findings, with_ledger=request.ledger.enabled)
            undone = undone_revisions(project, heads, target)
            refuse_one_way(project, undone)
            place = Place(sessions, project, lock)
            # A ledger that was never there is not begun on the way down
            ledger = completed_ledger(request, place, findings) if findings.has_ledger else None
            known = project.revisions.known
            warn_of_edited(edited(heads, known, findings.rows), known, "a downgrade runs what the file says now")
            if undone:
                apply(request, Task(heads, undone, target, is_upgrade=False), findings, place, ledger)


def undone_revisions(project: Project, heads: Sequence[str], target: str) -> tuple[str, ...]:
    """Return what a downgrade to the target undoes, in that order.

    Raises:
        UnknownTarget: if the target is not below the heads, or it is not clear which way is down.
        UnknownRevision: if the database is at a revision that the scripts lack.
    """
    missing = [head for head in heads if head not in project.revisions.known]
    if missing:
        raise UnknownRevision(
            f"Database is at {', '.join(missing)}, which these scripts lack: downgrade with the scripts that have it"
        )
    return _path(project.scripts.directory, heads, _lower(project, heads, target), target)


def _lower(project: Project, heads: Sequence[str], target: str) -> str:
    if target == BASE:
        return BASE
    if _STEPS.fullmatch(target):
        if len(heads) > 1:
            at = ", ".join(heads)
            raise UnknownTarget(f"Downgrade by steps is ambiguous, the database is at {at}: name a revision or base")
        return target
    found = by_name(target, project.revisions)
    if not found:
        raise UnknownTarget(f"Target {target} is no revision of these scripts: {nearest(target, project.revisions)}")
    return found


def _path(directory: ScriptDirectory, heads: Sequence[str], lower: str, target: str) -> tuple[str, ...]:
    if lower in heads or not heads:
        return ()
    upper = heads[0] if len(heads) == 1 else tuple(heads)
    try:
        found = directory.revision_map.iterate_revisions(upper, lower, select_for_downgrade=True)
        return tuple(revision.revision for revision in found)
    except RevisionError as error:
        raise UnknownTarget(
            f"Target {target} is not below {', '.join(heads)}, where the database is ({first_line(error)}): "
            "name an older revision, base, or fewer steps"
        ) from error


def refuse_one_way(project: Project, undone: Sequence[str]) -> None:
    """Refuse before the first statement what would stop half-way."""
    for revision in undone:
        script = project.scripts.directory.get_revision(revision)
        if script is not None and not callable(getattr(script.module, "downgrade", None)):
            file = project.revisions.known[revision].file
            raise RevisionFailed(
                f"Revision {revision} ({file}) has no downgrade(): write one, or restore a backup", revision
            )
