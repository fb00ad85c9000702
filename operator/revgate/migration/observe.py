"""Observing: the version table, the ledger and the scripts in one frozen view, and what follows from it."""

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

from revgate.migration.findings import Findings
from revgate.migration.history import read_heads
from revgate.migration.ledger import Ledger, find_ledger
from revgate.migration.ledger_rows import read_edges, unrecorded
from revgate.migration.look import Project
from revgate.migration.readers import missing_rights
from revgate.migration.standing import Standing, where_it_stands
from revgate.migration.target import pending_revisions, resolve_target


@dataclass(frozen=True, slots=True)
class LedgerWish:
    """Whether there is to be a ledger, and who may read it."""

    enabled: bool = True
    readers: tuple[str, ...] = ("PUBLIC",)


@dataclass(frozen=True, slots=True)
class View:
    """What was observed in one look."""

    heads: tuple[str, ...]
    standing: Standing
    pending: tuple[str, ...]
    unrecorded: tuple[str, ...]  # applied, known to the scripts, and not in the ledger
    ledger_is_ready: bool  # there, with its readers' rights as far as we can give them; or not wanted

    @property
    def is_settled(self) -> bool:
        """Whether there is nothing to write, and so no need for the lock."""
        return self.standing is not Standing.BEHIND and self.ledger_is_ready and not self.unrecorded


def observe(
    connection: psycopg.Connection, project: Project, target: str, wish: LedgerWish, findings: Findings
) -> View:
    """Look at the database, note it in the findings, and return what follows.

    Raises:
        MigrationError: if the target is none, or nobody knows where the database is.
    """
    heads = read_heads(connection, project.history)
    findings.see(heads)
    directory = project.scripts.directory
    ledger = find_ledger(connection, project.history) if wish.enabled else None
    recorded = read_edges(connection, ledger) if ledger else {}
    findings.ledger, findings.recorded = ledger, recorded
    findings.target = resolve_target(target, project.revisions, directory)
    scripts = project.revisions.edges
    standing = where_it_stands(heads, findings.target, scripts, recorded)
    behind = standing is Standing.BEHIND
    findings.pending = pending_revisions(directory, heads, findings.target) if behind else ()
    missing = unrecorded(heads, scripts, recorded) if wish.enabled else ()
    ready = not wish.enabled or _is_ready(connection, ledger, wish.readers)
    return View(heads, standing, findings.pending, missing, ready)


def look_again(connection: psycopg.Connection, findings: Findings) -> None:
    """Note where the database is now, after a run that may have failed half-way."""
    project = findings.project
    if project is None:
        return
    findings.see(read_heads(connection, project.history))
    ledger = find_ledger(connection, project.history) if findings.ledger else None
    findings.recorded = read_edges(connection, ledger) if ledger else {}
    findings.pending = _still_pending(project, findings)
    findings.read_again = True


def _still_pending(project: Project, findings: Findings) -> tuple[str, ...]:
    known = project.revisions.known
    if not findings.target or any(head not in known for head in findings.current):
        return ()
    return pending_revisions(project.scripts.directory, findings.current, findings.target)


def _is_ready(connection: psycopg.Connection, ledger: Ledger | None, readers: Sequence[str]) -> bool:
    return ledger is not None and not missing_rights(connection, ledger, readers)
