"""What is done with the copy: the ways up and down, each watched, and whether the way down leads back."""

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace

import sqlalchemy as sa

from revgate.migration.errors import MigrationError
from revgate.migration.findings import Findings
from revgate.migration.hooks import Hooks
from revgate.migration.library.inspection import Inspection
from revgate.migration.postgresql.connect import connect
from revgate.migration.postgresql.rehearsal import NAME, Scratch
from revgate.migration.postgresql.rehearsal_catalog import relations
from revgate.migration.postgresql.rehearsal_copy import SchemaSource
from revgate.migration.postgresql.sessions import PostgreSQL
from revgate.migration.project.scripts import Scripts
from revgate.migration.rehearsal.restoring import difference, differences_on_the_way, facts_of
from revgate.migration.rehearsal.result import DOWN, UP, Leg, Rehearsal, RehearsedRevision, Table
from revgate.migration.rehearsal.trace import Traced, Tracer
from revgate.migration.run import Request, migrate
from revgate.migration.undo import BASE, downgrade


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be rehearsed."""

    source: sa.Engine  # of the database, which is only read
    server: sa.URL  # any database on the server where the copy goes
    scripts: Callable[[], Scripts]  # finds them anew: what Alembic keeps of them is for one run
    redact: Callable[[str], str]
    target: str = "head"
    round_trip: bool = False
    echo: bool = False


@dataclass(slots=True)
class Stage:
    """A scratch database that is like the real one."""

    wish: Wish
    found: Inspection  # of the real one
    scratch: Scratch
    copy: SchemaSource
    rows: Mapping[Table, int | None]
    schemas: list[tuple[str, Counter[str]]] = field(default_factory=list)  # of this way: the revision, what it left

    def play(self, rehearsal: Rehearsal) -> Rehearsal:
        """Go up, and down and up again when that is wanted, until something fails."""
        up = self._leg(UP, self.wish.target)
        if not self.wish.round_trip or up.error:
            return replace(rehearsal, legs=(up,))
        climbed = self.schemas
        down = self._leg(DOWN, self.found.heads[0] if self.found.heads else BASE)
        differences = differences_on_the_way(climbed, self.schemas)
        if down.error:
            return replace(rehearsal, legs=(up, down), differences=differences)
        again = self._leg(UP, self.wish.target)
        if not again.error and not differences:
            found = difference("", climbed[-1][1], self.schemas[-1][1])
            differences = (found,) if found else ()
        return replace(rehearsal, legs=(up, down, again), differences=differences)

    def _leg(self, direction: str, target: str) -> Leg:
        with closing(connect(self.scratch.address, NAME)) as connection:
            tracer = Tracer(relations(connection, self.found.history), self.rows, self.wish.redact)
        self.schemas = []
        self._keep_schema("")
        findings, error = Findings(), ""
        course = migrate if direction == UP else downgrade
        try:
            course(self._request(tracer), target, findings)
        except MigrationError as failure:
            error = self.wish.redact(str(failure))
        return Leg(direction, _revisions(findings, tracer), error)

    def _request(self, tracer: Tracer) -> Request:
        def after(revision: str) -> None:
            tracer.end(revision)
            self._keep_schema(revision)

        database = Traced(PostgreSQL(self.scratch.address, self.wish.echo), tracer)
        return Request(database, self.wish.scripts(), hooks=Hooks(before_revision=tracer.begin, after_revision=after))

    def _keep_schema(self, revision: str) -> None:
        if self.wish.round_trip:
            self.schemas.append((revision, facts_of(self.copy.schema_text(self.found.history))))


def _revisions(findings: Findings, tracer: Tracer) -> tuple[RehearsedRevision, ...]:
    seconds = {run.revision: run.seconds for run in findings.runs}
    known = findings.project.revisions.known if findings.project else {}
    return tuple(
        RehearsedRevision(revision, known[revision].file, seconds.get(revision), tuple(statements))
        for revision, statements in tracer.statements.items()
    )
