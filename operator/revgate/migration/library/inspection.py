"""Where a database stands, asked without changing anything, and what that means to an app that expects a revision."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from revgate.contract.serves import Edge
from revgate.migration.errors import UnknownRevision, VersionMismatchError
from revgate.migration.findings import Findings
from revgate.migration.history import History
from revgate.migration.look import Project
from revgate.migration.observe import see
from revgate.migration.project.graph import includes
from revgate.migration.project.target import by_name, pending_revisions, resolve_target
from revgate.migration.run import Request
from revgate.migration.standing import Standing, where_it_stands


class Mismatch(StrEnum):
    """How a database differs from what an app expects."""

    UNINITIALIZED = "uninitialized"  # it has no revision at all
    BEHIND = "behind"  # an upgrade leads there
    AHEAD = "ahead"  # it includes what is expected, and more
    DIVERGED = "diverged"  # neither leads to the other
    UNKNOWN = "unknown"  # nobody knows one of the two


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found in one look. Revisions are full ids."""

    history: History
    heads: tuple[str, ...]  # rows of the version table, sorted; empty before the first upgrade
    target: tuple[str, ...]  # what "head" means in the scripts
    pending: tuple[str, ...]  # in apply order
    standing: Standing
    unknown: tuple[str, ...]  # heads that neither the scripts nor the ledger know


def inspect(request: Request, target: str, findings: Findings) -> Inspection:
    """Look at the database.

    Raises:
        MigrationError: if it could not be asked, or the target is none.
    """
    with request.database.open(request.visit(reads_only=True)) as sessions:
        project = findings.project = request.look(request.scripts, target, sessions)
        heads = see(sessions, project, findings, with_ledger=request.ledger.enabled)
    resolved = resolve_target(target, project.revisions, project.scripts.directory)
    return _inspection(project, heads, resolved, findings)


def _inspection(project: Project, heads: tuple[str, ...], target: tuple[str, ...], findings: Findings) -> Inspection:
    edges = project.revisions.edges
    unknown = tuple(head for head in heads if head not in edges and head not in findings.recorded)
    try:
        standing = where_it_stands(heads, target, edges, findings.recorded)
    except UnknownRevision:
        standing = Standing.UNKNOWN
    behind = standing is Standing.BEHIND
    pending = pending_revisions(project.scripts.directory, heads, target) if behind else ()
    return Inspection(project.history, heads, target, pending, standing, unknown)


def refuse_mismatch(inspection: Inspection, expected: str, findings: Findings) -> None:
    """Raise VersionMismatchError unless the database is exactly at the revision that is expected."""
    project = findings.project
    assert project is not None
    named = by_name(expected, project.revisions) or expected
    if inspection.heads == (named,):
        return
    current = ", ".join(inspection.heads) or None
    edges = {**findings.recorded, **project.revisions.edges}
    raise VersionMismatchError(current, named, _mismatch(inspection, named, edges))


def _mismatch(inspection: Inspection, expected: str, edges: Mapping[str, Edge]) -> Mismatch:
    if not inspection.heads:
        return Mismatch.UNINITIALIZED
    if inspection.unknown or expected not in edges:
        return Mismatch.UNKNOWN
    if includes(inspection.heads, [expected], edges):
        return Mismatch.AHEAD
    return Mismatch.BEHIND if includes([expected], inspection.heads, edges) else Mismatch.DIVERGED
