"""What was applied to a database: when, how long it took, by what, and whether its file is still the same."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from revgate.contract.serves import below
from revgate.migration.disagreement import WAYS_OUT, edited_text
from revgate.migration.findings import Findings
from revgate.migration.library.engines import database_of
from revgate.migration.look import Project, look_at_project
from revgate.migration.observe import see
from revgate.migration.output.places import shown
from revgate.migration.project.check import Problem
from revgate.migration.project.graph import newest_first
from revgate.migration.project.scripts import Scripts
from revgate.migration.project.target import HEADS
from revgate.migration.recorded import Row, edges_of, edited
from revgate.migration.run import Request


class Fate(StrEnum):
    """What became of a revision: of the three states of a row, and what only the version table tells."""

    APPLIED = "applied"
    RECORDED = "recorded"
    REVERTED = "reverted"
    UNDONE = "undone"  # not by revgate: the ledger has it, and the version table is below it
    UNRECORDED = "unrecorded"  # not by revgate: the version table has it, and the ledger does not


@dataclass(frozen=True, slots=True)
class AppliedRevision:
    """One revision of the database's past. Times are None where nobody knows them."""

    revision: str
    name: str  # of its file, or the id where the scripts lack it
    state: Fate
    edited: bool = False
    started: datetime | None = None
    finished: datetime | None = None
    image: str = ""
    job: str = ""
    owner: str = ""
    runner: str = ""

    @property
    def seconds(self) -> float | None:
        """Return how long it took."""
        if self.started is None or self.finished is None:
            return None
        return round((self.finished - self.started).total_seconds(), 3)

    def as_json(self) -> dict[str, Any]:
        """Return the revision for --json."""
        times = {"started": _iso(self.started), "finished": _iso(self.finished), "seconds": self.seconds}
        return asdict(self) | times


@dataclass(frozen=True, slots=True)
class Past:
    """What a database tells of its past, the oldest revision first."""

    revisions: tuple[AppliedRevision, ...]
    problems: tuple[Problem, ...]  # edited revisions
    missing: str = ""  # why there is nothing to tell


def read_past(engine: sa.Engine, scripts: Scripts, *, echo: bool) -> Past:
    """Ask the database once what was applied to it.

    Raises:
        MigrationError: if it could not be asked, or the scripts are broken.
    """
    request = Request(database_of(engine, echo=echo), scripts)
    findings = Findings()
    with request.database.open(request.visit(reads_only=True)) as sessions:
        project = look_at_project(scripts, HEADS, sessions)
        see(sessions, project, findings, with_ledger=True)
    if not findings.has_ledger:
        return Past((), (), _missing(project))
    return _past(project, findings.current, findings.rows)


def check_applied(engine: sa.Engine, scripts: Scripts, *, echo: bool) -> tuple[Problem, ...]:
    """Return what is wrong between the files and the ledger of the engine's database.

    Raises:
        MigrationError: as read_past.
    """
    past = read_past(engine, scripts, echo=echo)
    return (Problem("no-ledger", past.missing, (), is_warning=True),) if past.missing else past.problems


def _past(project: Project, heads: tuple[str, ...], rows: Mapping[str, Row]) -> Past:
    known = project.revisions.known
    edges = {revision: row.edge for revision, row in rows.items()} | project.revisions.edges
    applied = set(below(heads, edges_of(rows) | project.revisions.edges))
    changed = edited(heads, known, rows)
    revisions = tuple(
        _revision(edge.revision, project, applied, changed, rows)
        for edge in reversed(newest_first((), edges))
        if edge.revision in rows or edge.revision in applied
    )
    return Past(revisions, tuple(_problems(changed, project, rows)))


def _revision(
    revision: str, project: Project, applied: set[str], changed: tuple[str, ...], rows: Mapping[str, Row]
) -> AppliedRevision:
    known, row = project.revisions.known.get(revision), rows.get(revision)
    name = known.stem if known else revision
    if row is None:
        return AppliedRevision(revision, name, Fate.UNRECORDED)
    return AppliedRevision(
        revision=revision,
        name=name,
        state=_fate(row, is_applied=revision in applied),
        edited=revision in changed,
        started=row.started,
        finished=row.finished,
        image=row.image,
        job=row.job,
        owner=row.owner,
        runner=row.runner,
    )


def _fate(row: Row, *, is_applied: bool) -> Fate:
    if row.is_reverted:
        return Fate.UNRECORDED if is_applied else Fate.REVERTED
    return Fate(row.state) if is_applied else Fate.UNDONE


def _problems(changed: tuple[str, ...], project: Project, rows: Mapping[str, Row]) -> Iterator[Problem]:
    known = project.revisions.known
    for revision in changed:
        message = f"{edited_text([revision], known, rows)}: {WAYS_OUT}"
        yield Problem("edited-revision", message, (shown(known[revision].path),))


def _missing(project: Project) -> str:
    history = project.history
    return (
        f"Database {history.database} has no ledger of {history.place} that this user can read, so nobody knows "
        "what was applied when: the next `revgate upgrade` makes one"
    )


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
