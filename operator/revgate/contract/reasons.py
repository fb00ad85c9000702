"""The closed list of reasons that a condition of a SchemaMigration can carry.

A new reason is a member here, a row in docs/reasons.md and a test that produces it, in one commit.
"""

from enum import StrEnum


class Reason(StrEnum):
    """Why a migration is ready, not ready yet, or waiting for a human."""

    # Ready
    UP_TO_DATE = "UpToDate"
    DATABASE_AHEAD = "DatabaseAhead"
    DOWNGRADED = "Downgraded"

    # On the way
    PENDING = "Pending"
    STARTING = "Starting"
    RUNNING = "Running"
    WAITING_FOR_PREVIOUS_RUN = "WaitingForPreviousRun"
    SUSPENDED = "Suspended"
    PLANNED = "Planned"
    AWAITING_APPROVAL = "AwaitingApproval"
    WAITING_FOR_OLD_PODS = "WaitingForOldPods"

    # Tried again by itself, soon
    DATABASE_UNREACHABLE = "DatabaseUnreachable"
    HOST_NOT_FOUND = "HostNotFound"
    CONNECTION_LOST = "ConnectionLost"
    LOCK_HELD = "LockHeld"
    LOCK_TIMEOUT = "LockTimeout"
    CONFLICT = "Conflict"
    INTERRUPTED = "Interrupted"
    KILLED = "Killed"
    EVICTED = "Evicted"
    POD_LOST = "PodLost"
    OUT_OF_MEMORY = "OutOfMemory"
    INIT_FAILED = "InitFailed"
    HOOK_FAILED = "HookFailed"

    # Tried again by itself, slowly: something outside the resource must be mended
    AUTHENTICATION_FAILED = "AuthenticationFailed"
    DATABASE_NOT_FOUND = "DatabaseNotFound"
    SECRET_NOT_FOUND = "SecretNotFound"  # noqa: S105 - a reason
    SECRET_KEY_NOT_FOUND = "SecretKeyNotFound"  # noqa: S105 - a reason
    IMAGE_PULL_FAILED = "ImagePullFailed"
    POD_NOT_CREATED = "PodNotCreated"
    POD_NOT_STARTED = "PodNotStarted"
    UNSCHEDULABLE = "Unschedulable"

    # A human must change the spec, the image or the retry annotation
    INVALID_SPEC = "InvalidSpec"
    DRIFTED = "Drifted"
    PLAN_REJECTED = "PlanRejected"
    PLAN_CHANGED = "PlanChanged"
    JOB_REFUSED = "JobRefused"
    JOB_CONFLICT = "JobConflict"
    REVISION_FAILED = "RevisionFailed"
    UNKNOWN_TARGET = "UnknownTarget"
    MULTIPLE_HEADS = "MultipleHeads"
    UNKNOWN_REVISION = "UnknownRevision"
    EDITED_REVISION = "EditedRevision"
    OWNED_BY_ANOTHER = "OwnedByAnother"
    LEDGER_UNUSABLE = "LedgerUnusable"
    NO_SCRIPTS = "NoScripts"
    BROKEN_SCRIPTS = "BrokenScripts"
    ENVIRONMENT_FAILED = "EnvironmentFailed"
    LINT_FAILED = "LintFailed"
    BACKUP_FAILED = "BackupFailed"
    WRONG_DATABASE = "WrongDatabase"
    POOLER_REFUSED = "PoolerRefused"
    PERMISSION_DENIED = "PermissionDenied"
    INVALID_DATABASE_URL = "InvalidDatabaseUrl"
    TIMED_OUT = "TimedOut"
    IMAGE_NOT_RUNNABLE = "ImageNotRunnable"
    NO_REPORT = "NoReport"
    RUNNER_BUG = "RunnerBug"
    RETRY_LIMIT_REACHED = "RetryLimitReached"
