import psycopg
import pytest
import sqlalchemy as sa
from psycopg import errors as pg

from revgate.migration.errors import (
    AuthenticationFailed,
    Conflict,
    ConnectionLost,
    DatabaseNotFound,
    EnvironmentFailed,
    HostNotFound,
    InvalidDatabaseUrl,
    LockTimeout,
    MigrationError,
    PermissionDenied,
    RevisionFailed,
    Unreachable,
)
from revgate.migration.failures import Flight, meaning_of
from revgate.migration.postgresql.address import read_address
from revgate.migration.postgresql.connect import refusal
from revgate.migration.seen import Seen

FLIGHT = Flight("a2", "a2_change.py")
PARTLY = Flight("a2", "a2_change.py", committed=True)


def wrapped(error: psycopg.Error) -> sa.exc.DBAPIError:
    """Return the error as SQLAlchemy raises it."""
    kind = sa.exc.OperationalError if isinstance(error, psycopg.OperationalError) else sa.exc.ProgrammingError
    return kind("SELECT 1", {"secret": "value"}, error)


@pytest.mark.parametrize(
    ("error", "flight", "meaning"),
    [
        pytest.param(pg.LockNotAvailable("x"), FLIGHT, LockTimeout, id="a lock timeout may be tried again"),
        pytest.param(pg.DeadlockDetected("x"), FLIGHT, Conflict, id="a deadlock may be tried again"),
        pytest.param(pg.SerializationFailure("x"), FLIGHT, Conflict, id="a serialization failure too"),
        pytest.param(pg.AdminShutdown("x"), FLIGHT, ConnectionLost, id="a server that shuts down is a lost connection"),
        pytest.param(psycopg.OperationalError("closed"), FLIGHT, ConnectionLost, id="so is one that is just gone"),
        pytest.param(pg.ConnectionFailure("x"), Flight(), ConnectionLost, id="also between revisions"),
        pytest.param(pg.InsufficientPrivilege("x"), FLIGHT, PermissionDenied, id="a missing right needs a human"),
        pytest.param(pg.UndefinedTable("x"), FLIGHT, RevisionFailed, id="a mistake in a revision needs a human"),
        pytest.param(pg.QueryCanceled("x"), FLIGHT, RevisionFailed, id="a statement timeout is not retried"),
        pytest.param(pg.LockNotAvailable("x"), PARTLY, RevisionFailed, id="half a commit: no retry on a lock timeout"),
        pytest.param(pg.DeadlockDetected("x"), PARTLY, RevisionFailed, id="half a commit: no retry on a deadlock"),
        pytest.param(pg.AdminShutdown("x"), PARTLY, RevisionFailed, id="half a commit: no retry on a lost connection"),
        pytest.param(pg.UndefinedTable("x"), Flight(), EnvironmentFailed, id="outside of a revision it is env.py's"),
        pytest.param(pg.ReadOnlySqlTransaction("x"), Flight(), Unreachable, id="a standby may become the primary"),
        pytest.param(pg.ReadOnlySqlTransaction("x"), FLIGHT, RevisionFailed, id="a revision may be read-only itself"),
        pytest.param(pg.UniqueViolation("x"), FLIGHT, RevisionFailed, id="a duplicate of the app's needs a human"),
        pytest.param(pg.TransactionTimeout("x"), FLIGHT, RevisionFailed, id="a limit on transactions stays the same"),
        pytest.param(
            pg.InternalError_("tuple concurrently updated"),
            Flight(),
            Conflict,
            id="a race in the catalog is a conflict",
        ),
        pytest.param(pg.InternalError_("x"), FLIGHT, RevisionFailed, id="another fault of the server is not"),
    ],
)
def test_an_exception_means_what_to_do_next(error, flight, meaning):
    for shape in (error, wrapped(error)):
        found = meaning_of(shape, flight)
        assert type(found) is meaning
        assert found.failed == flight.revision
        assert "value" not in str(found)


def test_our_own_errors_stay_what_they_are():
    error = MigrationError("text")
    assert meaning_of(error, FLIGHT) is error


def test_what_ends_a_run_after_a_partial_commit_needs_a_human():
    assert type(meaning_of(ConnectionLost("The lock was lost"), PARTLY)) is RevisionFailed
    assert type(meaning_of(ConnectionLost("The lock was lost"), FLIGHT)) is ConnectionLost


def test_a_revision_that_may_be_run_again_is_tried_again_also_after_a_partial_commit():
    again = "part of it was committed before, and it may be run again from its beginning"
    flight = Flight("a2", "a2_change.py", committed=True, repeatable=True)
    for error, meaning in ((pg.AdminShutdown("x"), ConnectionLost), (pg.UndefinedTable("x"), RevisionFailed)):
        found = meaning_of(error, flight)
        assert (type(found), found.failed) == (meaning, "a2")
        assert str(found).endswith(again) is (meaning is ConnectionLost)


def test_a_lock_timeout_names_the_blockers():
    flight = Flight("a2", "a2_change.py", blockers=(Seen(812, "report_worker", "idle in transaction", 41.2),))
    assert str(meaning_of(pg.LockNotAvailable("x"), flight)) == (
        "Revision a2 (a2_change.py) could not obtain lock in time: "
        "blocked by pid 812 (report_worker, idle in transaction, 41 s)"
    )


def test_a_session_that_we_may_not_see_is_named_by_what_is_known():
    assert str(Seen(812, "", "", None)) == "pid 812"


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ('connection failed: could not translate host name "db" to address: Name or service not known', HostNotFound),
        ("failed to resolve host 'db': [Errno -2] Name or service not known", HostNotFound),
        ('connection failed: FATAL:  password authentication failed for user "app"', AuthenticationFailed),
        ('FATAL:  role "app" does not exist', AuthenticationFailed),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.1"', AuthenticationFailed),
        ("fe_sendauth: no password supplied", AuthenticationFailed),
        ('FATAL:  database "books" does not exist', DatabaseNotFound),
        ('connection failed: connection to server at "::1", port 5432 failed: Connection refused', Unreachable),
        ("FATAL:  the database system is starting up", Unreachable),
        ("FATAL:  sorry, too many clients already", Unreachable),
        ('invalid connection option "flavour"', InvalidDatabaseUrl),
    ],
)
def test_a_refused_connection_is_told_apart_by_its_text(text, meaning):
    database = read_address({"REVGATE_DATABASE_URL": "postgresql://app:pw@db/books"})
    assert type(refusal(database, psycopg.OperationalError(text))) is meaning
