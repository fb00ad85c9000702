"""The course of a rehearsal: the pending revisions run on a copy of the schema, on another server, and are watched.

look at the database → copy its schema → upgrade → (downgrade → upgrade again) → drop the copy
"""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Final

import sqlalchemy as sa

from revgate.migration.errors import Conflict, InvalidOptions, MigrationError, UnknownRevision
from revgate.migration.findings import Findings
from revgate.migration.hooks import Hooks
from revgate.migration.library.engines import database_of
from revgate.migration.library.inspection import Inspection, inspect
from revgate.migration.postgresql.connect import connect
from revgate.migration.postgresql.rehearsal import Scratch, address_of, scratch_database, set_as
from revgate.migration.postgresql.rehearsal_catalog import relations, rows_of_tables, session_settings
from revgate.migration.postgresql.rehearsal_copy import SchemaSource, copy_rows, source_at
from revgate.migration.postgresql.session import application_name
from revgate.migration.postgresql.sessions import PostgreSQL
from revgate.migration.postgresql.tables import ensure_schema, read_heads
from revgate.migration.project.scripts import Scripts
from revgate.migration.rehearsal.redirect import everything_leads_to
from revgate.migration.rehearsal.restoring import difference, facts_of
from revgate.migration.rehearsal.result import Difference, Leg, RehearsedRevision, Rehearsal, Table
from revgate.migration.rehearsal.trace import Traced, Tracer
from revgate.migration.run import Request, migrate
from revgate.migration.standing import Standing
from revgate.migration.undo import BASE, downgrade

UP, DOWN = "upgrade", "downgrade"
_NAME: Final = application_name("", "rehearsal")


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


def rehearse(wish: Wish) -> Rehearsal:
    """Rehearse the pending revisions.

    Raises:
        MigrationError: if that could not begin; what a revision fails of is in the result.
    """
    findings, database = Findings(), database_of(wish.source, echo=False)
    found = inspect(Request(database, wish.scripts()), wish.target, findings)
    _refuse(wish, found)
    source, server = source_at(address_of(wish.source.url)), address_of(wish.server)
    rehearsal = Rehearsal(source.place, server.place.rpartition("/")[0], found.heads, found.pending)
    if not found.pending:
        return rehearsal
    with closing(connect(source.address, _NAME)) as connection:
        source.check(connection)
        rows, settings = rows_of_tables(connection), session_settings(connection)
        with scratch_database(server) as scratch:
            copy = source_at(scratch.address)
            source.copy_schema_to(copy)
            with closing(connect(scratch.address, _NAME)) as there:
                notes = copy_rows(connection, there, found.history)
                _refuse_moved(read_heads(there, found.history), found)
                ensure_schema(there, found.history)  # as an upgrade does before its first revision
            set_as(settings, server, scratch.name)
            with everything_leads_to(scratch.address.url):
                rehearsal = replace(_Stage(wish, found, scratch, copy, rows).play(rehearsal), notes=notes)
    return replace(rehearsal, left=scratch.name if scratch.left else "")


def _refuse(wish: Wish, found: Inspection) -> None:
    if found.standing is Standing.UNKNOWN:
        raise UnknownRevision(
            f"Database is at {', '.join(found.unknown or found.heads)}, and nobody knows the way from there to "
            f"{', '.join(found.target)}: there is nothing to rehearse"
        )
    if wish.round_trip and len(found.heads) > 1:
        raise InvalidOptions(
            f"Way back to several heads ({', '.join(found.heads)}) is not clear: rehearse without --round-trip"
        )


def _refuse_moved(heads: tuple[str, ...], found: Inspection) -> None:
    if heads != found.heads:
        raise Conflict(
            f"Database was migrated while it was copied, from {_named(found.heads)} to {_named(heads)}: run it again"
        )


def _named(heads: tuple[str, ...]) -> str:
    return ", ".join(heads) or BASE


@dataclass(slots=True)
class _Stage:
    """A scratch database that is like the real one, and what is done there."""

    wish: Wish
    found: Inspection
    scratch: Scratch
    copy: SchemaSource
    rows: Mapping[Table, int | None]
    schemas: list[tuple[str, str]] = field(default_factory=list)  # of this way: the revision, and what it left

    def play(self, rehearsal: Rehearsal) -> Rehearsal:
        """Go up, and down and up again when that is wanted, until something fails."""
        up = self._leg(UP, self.wish.target)
        if not self.wish.round_trip or up.error:
            return replace(rehearsal, legs=(up,))
        climbed, self.schemas = self.schemas, []
        down = self._leg(DOWN, self.found.heads[0] if self.found.heads else BASE)
        differences = tuple(self._differences(climbed, self.schemas))
        if down.error:
            return replace(rehearsal, legs=(up, down), differences=differences)
        self.schemas = []
        again = self._leg(UP, self.wish.target)
        if not again.error and not differences:
            differences = tuple(_compared("", climbed[-1][1], self.schemas[-1][1]))
        return replace(rehearsal, legs=(up, down, again), differences=differences)

    def _leg(self, direction: str, target: str) -> Leg:
        with closing(connect(self.scratch.address, _NAME)) as connection:
            tracer = Tracer(relations(connection, self.found.history), self.rows, self.wish.redact)
        if self.wish.round_trip:
            self._keep_schema("")
        findings, began, error = Findings(), monotonic(), ""
        course = migrate if direction == UP else downgrade
        try:
            course(self._request(tracer), target, findings)
        except MigrationError as failure:
            error = self.wish.redact(str(failure))
        return _leg(direction, findings, tracer, monotonic() - began, error)

    def _request(self, tracer: Tracer) -> Request:
        def after(revision: str) -> None:
            tracer.end(revision)
            if self.wish.round_trip:
                self._keep_schema(revision)

        database = Traced(PostgreSQL(self.scratch.address, self.wish.echo), tracer)
        return Request(database, self.wish.scripts(), hooks=Hooks(before_revision=tracer.begin, after_revision=after))

    def _keep_schema(self, revision: str) -> None:
        self.schemas.append((revision, self.copy.schema_text(self.found.history)))

    def _differences(self, climbed: list[tuple[str, str]], descended: list[tuple[str, str]]) -> list[Difference]:
        """Return what each downgrade did not restore, where they came in the order of the upgrades, reversed."""
        undone = [revision for revision, _ in descended[1:]]
        if undone != [revision for revision, _ in reversed(climbed[-len(undone) :])]:
            return _compared("", climbed[0][1], descended[-1][1]) if len(descended) == len(climbed) else []
        ...


def _compared(revision: str, before: str, after: str) -> list[Difference]:
    found = difference(revision, facts_of(before), facts_of(after))
    return [found] if found else []
