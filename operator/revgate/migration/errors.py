"""The error tree: each class says how a run ends (exit code and reason), and so who acts next.

MigrationError
├── TryAgain                 soon, by itself
│   ├── Unreachable          10  the server refused, timed out, is starting or takes no writes
│   ├── HostNotFound         11  its name has no address
│   ├── ConnectionLost       12  a session ended under us
│   ├── LockHeld             13  another runner works on this history
│   ├── LockTimeout          14  a revision waited too long for a table
│   └── Conflict             15  deadlock, serialization failure, or somebody else was faster
├── MendOutside              slowly: something beside the resource must change
│   ├── AuthenticationFailed 20
│   └── DatabaseNotFound     21
├── HumanMustAct
│   ├── RevisionFailed       30
│   │   └── PermissionDenied
│   ├── UnknownTarget        31
│   ├── MultipleHeads        32
│   ├── UnknownRevision      33
│   │   └── LedgerUnusable
│   ├── NoScripts            34
│   ├── BrokenScripts        35
│   │   ├── EditedRevision       a file that is not the one that was applied
│   │   └── LintFailed           what is pending has errors in the linter's eyes
│   ├── EnvironmentFailed    36
│   │   ├── WrongDatabase
│   │   ├── HookFailed
│   │   └── InclusionRefused     of include_in_alembic
│   ├── InvalidDatabaseUrl   37
│   │   └── PoolerRefused
│   ├── InvalidOptions       37
│   │   ├── OwnedByAnother       the history, by another migration
│   │   └── PlanChanged          what was approved is not what would run
│   ├── TimedOut             38
│   ├── RunnerBug            39
│   └── VersionMismatchError     the library's: the database is not at the revision that an app expects
└── Interrupted              40  again, after reading the state
"""

from typing import ClassVar, Self

from revgate import __version__
from revgate.contract.exits import Exit
from revgate.contract.reasons import Reason


class MigrationError(Exception):
    """A run that did not reach its target; the text is one sentence for a person."""

    exit: ClassVar[Exit] = Exit.BUG
    reason: ClassVar[Reason] = Reason.RUNNER_BUG

    def __init__(self, message: str, failed: str = "") -> None:
        super().__init__(message)
        self.failed = failed  # the revision that failed, "" when it was none


class TryAgain(MigrationError):  # noqa: N818  the classes are words, as in the tree above
    """The same run may succeed soon, and nothing half-done stands in its way."""


class Unreachable(TryAgain):
    """The server could not be reached for as long as patience lasts, or takes no writes."""

    exit = Exit.UNREACHABLE
    reason = Reason.DATABASE_UNREACHABLE


class HostNotFound(TryAgain):
    """The name of the server has no address."""

    exit = Exit.HOST_NOT_FOUND
    reason = Reason.HOST_NOT_FOUND


class ConnectionLost(TryAgain):
    """The server or the network ended one of our sessions."""

    exit = Exit.CONNECTION_LOST
    reason = Reason.CONNECTION_LOST


class LockHeld(TryAgain):
    """Another runner held the history for as long as we were told to wait."""

    exit = Exit.LOCK_HELD
    reason = Reason.LOCK_HELD


class LockTimeout(TryAgain):
    """A revision waited for a lock longer than it may make others wait behind it."""

    exit = Exit.LOCK_TIMEOUT
    reason = Reason.LOCK_TIMEOUT


class Conflict(TryAgain):
    """PostgreSQL ended the transaction in favour of another one, or somebody moved the version meanwhile."""

    exit = Exit.CONFLICT
    reason = Reason.CONFLICT


class MendOutside(MigrationError):  # noqa: N818  see TryAgain
    """Something beside the resource must be mended first, and nothing tells us when it was."""


class AuthenticationFailed(MendOutside):
    """The server does not accept this user, password or certificate."""

    exit = Exit.AUTHENTICATION_FAILED
    reason = Reason.AUTHENTICATION_FAILED


class DatabaseNotFound(MendOutside):
    """The server has no such database."""

    exit = Exit.DATABASE_NOT_FOUND
    reason = Reason.DATABASE_NOT_FOUND


class HumanMustAct(MigrationError):  # noqa: N818  see TryAgain
    """The image, the resource or the database must change before another run makes sense."""


class RevisionFailed(HumanMustAct):
    """A revision raised; its own transaction was rolled back."""

    exit = Exit.REVISION_FAILED
    reason = Reason.REVISION_FAILED


class PermissionDenied(RevisionFailed):
    """The user of the database may not do what the run needs."""

    reason = Reason.PERMISSION_DENIED


class UnknownTarget(HumanMustAct):
    """The scripts have no such revision."""

    exit = Exit.UNKNOWN_TARGET
    reason = Reason.UNKNOWN_TARGET


class MultipleHeads(HumanMustAct):
    """The target is the head, and there are several."""

    exit = Exit.MULTIPLE_HEADS
    reason = Reason.MULTIPLE_HEADS


class UnknownRevision(HumanMustAct):
    """The database is where neither the scripts nor the ledger know the way."""

    exit = Exit.UNKNOWN_REVISION
    reason = Reason.UNKNOWN_REVISION


class LedgerUnusable(UnknownRevision):
    """The table of the ledger is there, and is none that this version can read."""

    reason = Reason.LEDGER_UNUSABLE

    @classmethod
    def because(cls, table: str, problem: str) -> Self:
        """Return the error for a table whose columns are not those of a ledger; `problem` is the database's word."""
        return cls(
            f"Ledger {table} cannot be read by revgate {__version__}: {problem}; if an older version made it, rename "
            "it: the next run makes a new one and records what is applied"
        )


class NoScripts(HumanMustAct):
    """The image has no Alembic scripts where they are looked for."""

    exit = Exit.NO_SCRIPTS
    reason = Reason.NO_SCRIPTS


class BrokenScripts(HumanMustAct):
    """The revision files cannot be read as a history."""

    exit = Exit.BROKEN_SCRIPTS
    reason = Reason.BROKEN_SCRIPTS


class EditedRevision(BrokenScripts):
    """The file of an applied revision was edited since: the database may not be what the scripts say."""

    reason = Reason.EDITED_REVISION


class EnvironmentFailed(HumanMustAct):
    """env.py raised, or ended without running the migrations."""

    exit = Exit.ENVIRONMENT
    reason = Reason.ENVIRONMENT_FAILED


class WrongDatabase(EnvironmentFailed):
    """The run ended, and our database is not where the run should have brought it."""

    reason = Reason.WRONG_DATABASE


class HookFailed(EnvironmentFailed):
    """A hook raised; before the first statement when it was one that runs before the upgrade."""


class InvalidDatabaseUrl(HumanMustAct):
    """What says where the database is cannot be understood."""

    exit = Exit.CONFIGURATION
    reason = Reason.INVALID_DATABASE_URL


class PoolerRefused(InvalidDatabaseUrl):
    """The URL leads to a pooler, where a session lock excludes nobody."""

    reason = Reason.POOLER_REFUSED


class InvalidOptions(HumanMustAct):
    """The command line, or a setting in the environment, cannot be understood."""

    exit = Exit.CONFIGURATION
    reason = Reason.INVALID_SPEC


class OwnedByAnother(InvalidOptions):
    """The ledger says that another migration looks after this history."""

    reason = Reason.OWNED_BY_ANOTHER


class PlanChanged(InvalidOptions):
    """The plan that was approved is not what this run would do."""

    reason = Reason.PLAN_CHANGED


class TimedOut(HumanMustAct):
    """The whole run took longer than it was allowed to."""

    exit = Exit.TIMED_OUT
    reason = Reason.TIMED_OUT


class RunnerBug(HumanMustAct):
    """The runner failed in a way that it does not know."""

    exit = Exit.BUG
    reason = Reason.RUNNER_BUG


class Interrupted(MigrationError):  # noqa: N818  see TryAgain
    """A signal ended the run: an eviction, a node that drains, Ctrl-C."""

    exit = Exit.INTERRUPTED
    reason = Reason.INTERRUPTED


class VersionMismatchError(HumanMustAct):
    """The database is not at the revision that an app expects; `kind` is behind, ahead, diverged, ... (Mismatch)."""

    exit = Exit.UNKNOWN_REVISION
    reason = Reason.UNKNOWN_REVISION

    def __init__(self, current: str | None, expected: str, kind: str) -> None:
        super().__init__(f"Schema version mismatch: current={current}, expected={expected} ({kind})")
        self.current = current
        self.expected = expected
        self.kind = kind
