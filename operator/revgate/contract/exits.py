"""The exit table: what a runner's exit code means, and who acts next.

0 done; 10-19 the runner tries again by itself, soon; 20-29 something outside the resource must be mended, tried
again slowly; 30-39 the spec, the image or the retry annotation must change; 40 interrupted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Final

from revgate.contract.reasons import Reason


class Next(StrEnum):
    """Who acts after a run, and when."""

    DONE = "done"
    CONNECTION = "connection"  # again with backoff, for ever: a server that is down is no failure of the migration
    COUNTED = "counted"  # again with backoff, and it counts against retry.limit
    AGAIN = "again"  # again with backoff: the run was cut off by no fault of its own
    SLOWLY = "slowly"  # again at retry.maxDelay, for ever: nothing wakes us when a Secret is mended
    HUMAN = "human"  # stalled until the spec, the image or the annotation changes


class Exit(IntEnum):
    """Exit codes of ``revgate job``."""

    DONE = 0
    UNREACHABLE = 10
    HOST_NOT_FOUND = 11
    CONNECTION_LOST = 12
    LOCK_HELD = 13
    LOCK_TIMEOUT = 14
    CONFLICT = 15
    AUTHENTICATION_FAILED = 20
    DATABASE_NOT_FOUND = 21
    REVISION_FAILED = 30
    UNKNOWN_TARGET = 31
    MULTIPLE_HEADS = 32
    UNKNOWN_REVISION = 33
    NO_SCRIPTS = 34
    BROKEN_SCRIPTS = 35
    ENVIRONMENT = 36
    CONFIGURATION = 37
    TIMED_OUT = 38
    BUG = 39
    INTERRUPTED = 40


@dataclass(frozen=True, slots=True)
class Ending:
    """The meaning of an exit code: the reason in the status, and who acts next."""

    reason: Reason
    next: Next


EXIT_TABLE: Final[Mapping[int, Ending]] = MappingProxyType(
    {
        Exit.DONE: Ending(Reason.UP_TO_DATE, Next.DONE),
        Exit.UNREACHABLE: Ending(Reason.DATABASE_UNREACHABLE, Next.CONNECTION),
        Exit.HOST_NOT_FOUND: Ending(Reason.HOST_NOT_FOUND, Next.CONNECTION),
        Exit.CONNECTION_LOST: Ending(Reason.CONNECTION_LOST, Next.CONNECTION),
        Exit.LOCK_HELD: Ending(Reason.LOCK_HELD, Next.COUNTED),
        Exit.LOCK_TIMEOUT: Ending(Reason.LOCK_TIMEOUT, Next.COUNTED),
        Exit.CONFLICT: Ending(Reason.CONFLICT, Next.COUNTED),
        Exit.AUTHENTICATION_FAILED: Ending(Reason.AUTHENTICATION_FAILED, Next.SLOWLY),
        Exit.DATABASE_NOT_FOUND: Ending(Reason.DATABASE_NOT_FOUND, Next.SLOWLY),
        Exit.REVISION_FAILED: Ending(Reason.REVISION_FAILED, Next.HUMAN),
        Exit.UNKNOWN_TARGET: Ending(Reason.UNKNOWN_TARGET, Next.HUMAN),
        Exit.MULTIPLE_HEADS: Ending(Reason.MULTIPLE_HEADS, Next.HUMAN),
        Exit.UNKNOWN_REVISION: Ending(Reason.UNKNOWN_REVISION, Next.HUMAN),
        Exit.NO_SCRIPTS: Ending(Reason.NO_SCRIPTS, Next.HUMAN),
        Exit.BROKEN_SCRIPTS: Ending(Reason.BROKEN_SCRIPTS, Next.HUMAN),
        Exit.ENVIRONMENT: Ending(Reason.ENVIRONMENT_FAILED, Next.HUMAN),
        Exit.CONFIGURATION: Ending(Reason.INVALID_DATABASE_URL, Next.HUMAN),
        Exit.TIMED_OUT: Ending(Reason.TIMED_OUT, Next.HUMAN),
        Exit.BUG: Ending(Reason.RUNNER_BUG, Next.HUMAN),
        Exit.INTERRUPTED: Ending(Reason.INTERRUPTED, Next.AGAIN),
    }
)
"""Every exit code of a runner. A report may name a finer reason than its code does (`Report.reason`)."""

_OUTSIDE_A_RUN: Final[Mapping[Reason, Next]] = {
    Reason.DATABASE_AHEAD: Next.DONE,
    Reason.DOWNGRADED: Next.DONE,
    Reason.PLANNED: Next.DONE,
    Reason.WAITING_FOR_OLD_PODS: Next.DONE,
    Reason.PLAN_CHANGED: Next.HUMAN,
    Reason.WRONG_DATABASE: Next.HUMAN,
    Reason.POOLER_REFUSED: Next.HUMAN,
    Reason.PERMISSION_DENIED: Next.HUMAN,
    Reason.EDITED_REVISION: Next.HUMAN,
    Reason.LINT_FAILED: Next.HUMAN,
    Reason.OWNED_BY_ANOTHER: Next.HUMAN,
    Reason.LEDGER_UNUSABLE: Next.HUMAN,
    Reason.KILLED: Next.COUNTED,
    Reason.EVICTED: Next.AGAIN,
    Reason.POD_LOST: Next.AGAIN,
    Reason.OUT_OF_MEMORY: Next.COUNTED,
    Reason.INIT_FAILED: Next.COUNTED,
    Reason.HOOK_FAILED: Next.COUNTED,
    Reason.SECRET_NOT_FOUND: Next.SLOWLY,
    Reason.SECRET_KEY_NOT_FOUND: Next.SLOWLY,
    Reason.IMAGE_PULL_FAILED: Next.SLOWLY,
    Reason.POD_NOT_CREATED: Next.SLOWLY,
    Reason.POD_NOT_STARTED: Next.SLOWLY,
    Reason.UNSCHEDULABLE: Next.SLOWLY,
}

NEXT_BY_REASON: Final[Mapping[Reason, Next]] = MappingProxyType(
    {ending.reason: ending.next for ending in EXIT_TABLE.values()} | dict(_OUTSIDE_A_RUN)
)
"""Who acts after a finished run of which only the reason is left; a reason that is not here needs a human."""
