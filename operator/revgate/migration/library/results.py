"""What a run of the library did, as a value: for metrics, and for whoever asks the runner afterwards."""

from dataclasses import dataclass

from revgate.migration.errors import MigrationError
from revgate.migration.findings import Findings, RevisionRun


@dataclass(frozen=True, slots=True)
class MigrationResult:
    """One upgrade, downgrade or stamp. Revisions are full ids, times are in seconds."""

    before: tuple[str, ...]  # heads when it began
    current: tuple[str, ...]  # heads when it ended
    revisions: tuple[RevisionRun, ...]  # those that were applied or undone, in order
    lock_wait_seconds: float
    seconds: float  # all of it: connecting, waiting and verifying, too
    error: MigrationError | None = None  # None when it reached its target


def result_of(findings: Findings, seconds: float, error: MigrationError | None) -> MigrationResult:
    """Return what the findings of a run come to."""
    return MigrationResult(
        before=findings.before,
        current=findings.current,
        revisions=tuple(findings.runs),
        lock_wait_seconds=findings.lock_wait,
        seconds=seconds,
        error=error,
    )
