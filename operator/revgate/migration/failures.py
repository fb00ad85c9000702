"""What an exception that came out of a run means: by PostgreSQL's SQLSTATE or SQLite's name of the error.

No driver is imported for it: whoever migrates SQLite has none for PostgreSQL.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from revgate.migration.errors import (
    Conflict,
    ConnectionLost,
    EnvironmentFailed,
    LockTimeout,
    MigrationError,
    PermissionDenied,
    RevisionFailed,
    TryAgain,
    Unreachable,
)
from revgate.migration.output.wording import first_line
from revgate.migration.seen import Seen

_LOCK_NOT_AVAILABLE: Final = "55P03"
_DEADLOCK, _SERIALIZATION = "40P01", "40001"
_INSUFFICIENT_PRIVILEGE: Final = "42501"
_READ_ONLY: Final = "25006"
_CANCELED: Final = "57014"
_TRANSACTION_TIMEOUT: Final = "25P04"
_UNIQUE_VIOLATION: Final = "23505"
_INTERNAL, _CONCURRENT = "XX000", "tuple concurrently updated"  # of the catalog; never translated
_FILE_IS_BUSY: Final = ("SQLITE_BUSY", "SQLITE_LOCKED")
_FILE_IS_READ_ONLY: Final = "SQLITE_READONLY"
_LOST: Final = ("08", "57P01", "57P02", "57P03", "57P05", "25P03")


@dataclass(frozen=True, slots=True)
class Flight:
    """What was being done when the exception came."""

    revision: str = ""  # "" between revisions
    file: str = ""
    committed: bool = False  # it entered an autocommit block: something of it stays, whatever comes
    blockers: Sequence[Seen] = ()
    gave_up: bool = False  # its wait was ended by us
    repeatable: bool = False  # whatever stays is no harm: its file says so, or our own helpers made it and go on there

    @property
    def name(self) -> str:
        """Return the revision as a person finds it."""
        return f"Revision {self.revision} ({self.file})"


def meaning_of(error: BaseException, flight: Flight) -> MigrationError:
    """Return the error of ours that says what to do next.

    Trying again is right only while nothing of the revision is committed, or its author said that it is no harm:
    otherwise, whoever wrote an autocommit block did not expect to find its work half done.
    """
    found = error if isinstance(error, MigrationError) else _found(error, flight)
    if not isinstance(found, TryAgain) or not flight.committed:
        return found
    if flight.repeatable:
        text = "part of it was committed before, and it may be run again from its beginning"
        return type(found)(f"{found}; {text}", found.failed)
    return RevisionFailed(
        f"{found}; part of it was committed before, in an autocommit block: look at what it left, then retry",
        flight.revision,
    )


def fault_of_the_database(error: BaseException) -> MigrationError | None:
    """Return the error that env.py met, or wrapped in one of its own, when that is no fault of env.py.

    A connection that it could not open is its fault: it may have the wrong password, and nobody would ever be told.
    """
    for one in _causes(error):
        found = meaning_of(one, Flight())
        opened = bool(_sqlstate(one)) or (isinstance(one, sa.exc.DBAPIError) and one.connection_invalidated)
        if opened and isinstance(found, (TryAgain, PermissionDenied)):
            return found
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and what it was raised from: with `from None`, nothing more."""
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)


def _found(error: BaseException, flight: Flight) -> MigrationError:
    state = _sqlstate(error)
    if state == _INSUFFICIENT_PRIVILEGE:
        return PermissionDenied(f"{_what(flight)} was not permitted: {first_line(error)}", flight.revision)
    return _transient(error, state, flight) or _failed(error, flight)


def _transient(error: BaseException, state: str, flight: Flight) -> MigrationError | None:  # noqa: PLR0911  one answer a state
    if state == _LOCK_NOT_AVAILABLE or state.startswith(_FILE_IS_BUSY) or (flight.gave_up and state == _CANCELED):
        return LockTimeout(f"{_what(flight)} could not obtain lock in time: {_blocked(error, flight)}", flight.revision)
    if state in {_DEADLOCK, _SERIALIZATION} or _lost_a_race(error, state):
        text = f"{_what(flight)} was ended in favour of another transaction: {first_line(error)}"
        return Conflict(text, flight.revision)
    if state.startswith(_FILE_IS_READ_ONLY):
        return PermissionDenied(f"{_what(flight)} may not write: {first_line(error)}", flight.revision)
    if state == _READ_ONLY and not flight.revision:
        return Unreachable(f"Database server is read-only: it may be a standby, or its disk full ({first_line(error)})")
    if state == _TRANSACTION_TIMEOUT:  # a limit that somebody set, which the next run meets as well
        return None
    if state.startswith(_LOST) or _is_disconnect(error):
        return ConnectionLost(
            f"{_what(flight)} lost its connection to the database: {first_line(error)}", flight.revision
        )
    return None


def _failed(error: BaseException, flight: Flight) -> MigrationError:
    if flight.revision:
        return RevisionFailed(f"{flight.name} failed: {first_line(error)}", flight.revision)
    return EnvironmentFailed(f"The run failed outside of any revision: {first_line(error)}")


def _what(flight: Flight) -> str:
    return flight.name if flight.revision else "The run"


def _blocked(error: BaseException, flight: Flight) -> str:
    if not flight.revision:  # nobody watched
        return first_line(error)
    if not flight.blockers:
        return "whoever held it was gone before it could be named"
    return f"blocked by {', '.join(map(str, flight.blockers))}"


def _lost_a_race(error: BaseException, state: str) -> bool:
    """Whether another session wrote the same row of the catalog: two of CREATE SCHEMA, or of GRANT, at once."""
    original = _original(error)
    if state == _UNIQUE_VIOLATION:
        return getattr(getattr(original, "diag", None), "schema_name", None) == "pg_catalog"
    return state == _INTERNAL and _CONCURRENT in str(original)


def _original(error: BaseException) -> BaseException | None:
    return error.orig if isinstance(error, sa.exc.DBAPIError) else error


def _sqlstate(error: BaseException) -> str:
    """Return the code of PostgreSQL, or SQLite's name of the error; "" when there is none."""
    original = _original(error)
    return str(getattr(original, "sqlstate", None) or getattr(original, "sqlite_errorname", None) or "")


def _is_disconnect(error: BaseException) -> bool:
    """Whether the driver found its connection dead: there is no SQLSTATE then."""
    if isinstance(error, sa.exc.DBAPIError) and error.connection_invalidated:
        return True
    original = _original(error)
    is_operational = any(kind.__name__ == "OperationalError" for kind in type(original).__mro__)
    return is_operational and hasattr(original, "sqlstate") and not _sqlstate(error)
