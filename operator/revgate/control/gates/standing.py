"""Whether a held pod may go, and if not, why: decided from the pod and the migration alone."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from revgate.contract import names
from revgate.contract.serves import Answer, Verdict
from revgate.control.gates.pods import HeldPod
from revgate.control.gates.question import judge
from revgate.control.gates.subject import condition_of, is_ready, is_stalled
from revgate.control.observing.snapshot import Migration

MOST_REVISIONS: Final = 50
_LONGEST_REVISION: Final = 128


class Why(StrEnum):
    """Why a pod is held: the reason of the Event on it."""

    WAITING_FOR_SCHEMA = "WaitingForSchema"
    MIGRATION_STALLED = "MigrationStalled"
    MIGRATION_NOT_FOUND = "MigrationNotFound"
    REVISION_NOT_FOUND = "RevisionNotFound"
    SCHEMA_PAST_FLOOR = "SchemaPastFloor"
    CANNOT_TELL = "CannotTell"
    REQUIRES_MISSING = "RequiresMissing"
    REQUIRES_NOT_VALID = "RequiresNotValid"


@dataclass(frozen=True, slots=True)
class Free:
    """The database serves everything that the pod requires."""


@dataclass(frozen=True, slots=True)
class Held:
    """The pod stays where it is."""

    why: Why
    message: str


def standing_of(pod: HeldPod, migration: Migration | None) -> Free | Held:
    """Say whether a pod may go; None for a migration that does not exist in the pod's namespace."""
    if fault := _fault_of(pod):
        return fault
    if migration is None:
        text = f"SchemaMigration {pod.migration} does not exist in namespace {pod.namespace}"
        return Held(Why.MIGRATION_NOT_FOUND, f"{text}: create it, or correct the label {names.MIGRATION} of the pod")
    verdict = judge(migration, pod.revisions)
    if verdict.answer is Answer.YES:
        return Free()
    why = _why(migration, verdict.answer)
    return Held(why, f"{_told(verdict, migration, why)}; kubectl describe smig {pod.migration}")


def _fault_of(pod: HeldPod) -> Held | None:
    """The pod does not say what it requires, or not so that it can be understood."""
    if not pod.revisions:
        text = f"Pod has no annotation {names.REQUIRES}, so nobody knows what it waits for: add the revisions that it"
        return Held(Why.REQUIRES_MISSING, f"{text} requires, with commas between them, to its template")
    is_bad = any(len(revision) > _LONGEST_REVISION or " " in revision for revision in pod.revisions)
    if is_bad or len(pod.revisions) > MOST_REVISIONS:
        text = f"Annotation {names.REQUIRES} is no list of revisions with commas between them"
        return Held(Why.REQUIRES_NOT_VALID, f"{text}: correct it, there may be {MOST_REVISIONS} of them")
    return None


def _why(migration: Migration, answer: Answer) -> Why:
    if answer is Answer.PAST_FLOOR:
        return Why.SCHEMA_PAST_FLOOR
    if is_stalled(migration):
        return Why.MIGRATION_STALLED
    if not is_ready(migration):
        return Why.WAITING_FOR_SCHEMA
    return Why.REVISION_NOT_FOUND if answer is Answer.BEHIND else Why.CANNOT_TELL


def _told(verdict: Verdict, migration: Migration, why: Why) -> str:
    ready = condition_of(migration, "Ready")
    if why in (Why.WAITING_FOR_SCHEMA, Why.MIGRATION_STALLED) and ready:
        return f"{verdict.message} (SchemaMigration {migration.key.name}: {ready.reason})"
    return verdict.message
