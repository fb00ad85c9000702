"""What an exception that came out of a run means: by PostgreSQL's SQLSTATE, never by its text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import psycopg
import sqlalchemy as sa

from revgate.migration.errors import (
    Conflict,
    ConnectionLost,
    EnvironmentFailed,
    LockTimeout,
    MigrationError,
    PermissionDenied,
    RevisionFailed,
)
from revgate.migration.sessions_seen import Seen
from revgate.migration.wording import first_line

_LOCK_NOT_AVAILABLE: Final = "55P03"
_DEADLOCK, _SERIALIZATION = "40P01", "40001"
_INSUFFICIENT_PRIVILEGE: Final = "42501"
_LOST: Final = ("08", "57P01", "57P02", "57P03", "57P05", "25P03")


@dataclass(frozen=True, slots=True)
class Flight:
    """What was being done when the exception came."""

    revision: str = ""  # "" between revisions
    file: str = ""
    committed: bool = False  # it entered an autocommit block: something of it stays, whatever comes
    blockers: Sequence[Seen] = ()

    @property
    def name(self) -> str:
        """Return the revision as a person finds it."""
        return f"Revision {self.revision} ({self.file})"


def meaning_of(error: Exception, flight: Flight) -> MigrationError:
    """Return the error of ours that says what to do next.

    Trying again is right only while nothing of the revision is committed: whoever wrote an autocommit block did not
    expect to find its work half done.
    """
    if isinstance(error, MigrationError):
        return error
    state = _sqlstate(error)
    if state == _INSUFFICIENT_PRIVILEGE:
        return PermissionDenied(f"{_what(flight)} was not permitted: {first_line(error)}", flight.revision)
    transient = _transient(error, state, flight)
    if transient is None:
        return _failed(error, flight)
    if flight.committed:
        return RevisionFailed(
            f"{transient}; part of it was committed before, in an autocommit block: look at what it left, then retry",
            flight.revision,
        )
    return transient


def _transient(error: Exception, state: str, flight: Flight) -> MigrationError | None:
    if state == _LOCK_NOT_AVAILABLE:
        return LockTimeout(f"{_what(flight)} did not get a lock in time: {_blocked(flight)}", flight.revision)
    if state in {_DEADLOCK, _SERIALIZATION}:
        text = f"{_what(flight)} was ended in favour of another transaction: {first_line(error)}"
        return Conflict(text, flight.revision)
    if state.startswith(_LOST) or _is_disconnect(error):
        return ConnectionLost(
            f"{_what(flight)} lost its connection to the database: {first_line(error)}", flight.revision
        )
    return None


def _failed(error: Exception, flight: Flight) -> MigrationError:
    if flight.revision:
        return RevisionFailed(f"{flight.name} failed: {first_line(error)}", flight.revision)
    return EnvironmentFailed(f"The run failed outside of any revision: {first_line(error)}")


def _what(flight: Flight) -> str:
    return flight.name if flight.revision else "The run"


def _blocked(flight: Flight) -> str:
    if not flight.blockers:
        return "whoever held it was gone before it could be named"
    return f"blocked by {', '.join(map(str, flight.blockers))}"


def _sqlstate(error: Exception) -> str:
    original = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    return (original.sqlstate or "") if isinstance(original, psycopg.Error) else ""


def _is_disconnect(error: Exception) -> bool:
    """Whether the driver found its connection dead: there is no SQLSTATE then."""
    if isinstance(error, sa.exc.DBAPIError):
        return error.connection_invalidated or (
            isinstance(error.orig, psycopg.OperationalError) and not _sqlstate(error)
        )
    return isinstance(error, psycopg.OperationalError) and not error.sqlstate
