"""Observing: the version table, the ledger and the scripts in one frozen view, and what follows from it."""

from dataclasses import dataclass

from revgate.migration.database import Sessions
from revgate.migration.findings import Findings
from revgate.migration.ledger import Ledger, LedgerWish
from revgate.migration.look import Project
from revgate.migration.project.target import pending_revisions, resolve_target
from revgate.migration.recorded import edges_of, edited, unrecorded
from revgate.migration.standing import Standing, where_it_stands


@dataclass(frozen=True, slots=True)
class View:
    """What was observed in one look."""

    heads: tuple[str, ...]
    standing: Standing
    pending: tuple[str, ...]
    unrecorded: tuple[str, ...]  # applied, known to the scripts, and not in the ledger
    ledger_is_ready: bool  # there, with its readers' rights as far as we can give them; or not wanted
    edited: tuple[str, ...] = ()  # applied, and their files are not what was applied
    claims: bool = False  # rows that have another owner, or none, become ours

    @property
    def is_settled(self) -> bool:
        """Whether there is nothing to write, and so no need for the lock."""
        lacks_nothing = self.ledger_is_ready and not (self.unrecorded or self.disputed or self.claims)
        return self.standing is not Standing.BEHIND and lacks_nothing

    @property
    def disputed(self) -> tuple[str, ...]:
        """Return the edited revisions that matter: an image that a release is rolled back to has older files."""
        return () if self.standing is Standing.AHEAD else self.edited


def see(sessions: Sessions, project: Project, findings: Findings, *, with_ledger: bool) -> tuple[str, ...]:
    """Note where the database is and what its ledger knows; return its heads."""
    return _see(sessions, project, findings, with_ledger=with_ledger)[0]


def observe(sessions: Sessions, project: Project, target: str, wish: LedgerWish, findings: Findings) -> View:
    """Look at the database, note it in the findings, and return what follows.

    Raises:
        MigrationError: if the target is none, or nobody knows where the database is.
    """
    heads, ledger = _see(sessions, project, findings, with_ledger=wish.enabled)
    directory = project.scripts.directory
    findings.target = resolve_target(target, project.revisions, directory)
    scripts = project.revisions.edges
    standing = where_it_stands(heads, findings.target, scripts, findings.recorded)
    behind = standing is Standing.BEHIND
    findings.pending = pending_revisions(directory, heads, findings.target) if behind else ()
    missing = unrecorded(heads, scripts, findings.recorded) if wish.enabled else ()
    changed = edited(heads, project.revisions.known, findings.rows)
    is_ready = not wish.enabled or (ledger is not None and not ledger.lacks_readers(wish.readers))
    return View(heads, standing, findings.pending, missing, is_ready, changed)


def look_again(sessions: Sessions, findings: Findings) -> None:
    """Note where the database is now, after a run that may have failed half-way."""
    project = findings.project
    if project is None:
        return
    see(sessions, project, findings, with_ledger=findings.has_ledger)
    findings.pending = _still_pending(project, findings)
    findings.read_again = True


def _still_pending(project: Project, findings: Findings) -> tuple[str, ...]:
    known = project.revisions.known
    if not findings.target or any(head not in known for head in findings.current):
        return ()
    return pending_revisions(project.scripts.directory, findings.current, findings.target)


def _see(
    sessions: Sessions, project: Project, findings: Findings, *, with_ledger: bool
) -> tuple[tuple[str, ...], Ledger | None]:
    heads = sessions.heads(project.history)
    findings.see(heads)
    ledger = sessions.ledger(project.history) if with_ledger else None
    findings.has_ledger = ledger is not None
    findings.rows = ledger.rows() if ledger else {}
    findings.recorded = edges_of(findings.rows)
    return heads, ledger
