"""The course of a rehearsal: the pending revisions run on a copy of the schema, on another server, and are watched.

look at the database → copy its schema → upgrade → (downgrade → upgrade again) → drop the copy
"""

from contextlib import closing
from dataclasses import replace

from revgate.migration.errors import Conflict, InvalidOptions, UnknownRevision
from revgate.migration.findings import Findings
from revgate.migration.library.engines import database_of
from revgate.migration.library.inspection import Inspection, inspect
from revgate.migration.postgresql.connect import connect
from revgate.migration.postgresql.rehearsal import NAME, address_of, scratch_database, set_as
from revgate.migration.postgresql.rehearsal_catalog import rows_of_tables, session_settings
from revgate.migration.postgresql.rehearsal_copy import copy_rows, source_at
from revgate.migration.postgresql.tables import ensure_schema, read_heads
from revgate.migration.rehearsal.redirect import everything_leads_to
from revgate.migration.rehearsal.result import Rehearsal
from revgate.migration.rehearsal.stage import Stage, Wish
from revgate.migration.run import Request
from revgate.migration.standing import Standing
from revgate.migration.undo import BASE


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
    with closing(connect(source.address, NAME)) as connection:
        source.refuse_unreadable(connection)
        rows, settings = rows_of_tables(connection), session_settings(connection)
        with scratch_database(server) as scratch:
            copy = source_at(scratch.address)
            source.copy_schema_to(copy)
            with closing(connect(scratch.address, NAME)) as there:
                notes = copy_rows(connection, there, found.history)
                _refuse_moved(read_heads(there, found.history), found)
                ensure_schema(there, found.history)  # as an upgrade does before its first revision
            set_as(settings, server, scratch.name)
            with everything_leads_to(scratch.address.url):
                rehearsal = replace(Stage(wish, found, scratch, copy, rows).play(rehearsal), notes=notes)
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
