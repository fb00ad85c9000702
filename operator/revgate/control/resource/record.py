"""The status of a SchemaMigration: what the operator recorded. The CRD is generated from these types."""

from enum import StrEnum
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from revgate.control.resource.model import Part
from revgate.control.resource.moments import Moment

Ids = tuple[str, ...]

MOST_COUNTED: Final = 10**9
"""Tries and revisions: a number beyond it was written by somebody else."""


def _countable(number: int) -> int:
    if not 0 <= number <= MOST_COUNTED:
        raise ValueError(f"{number} is no count of anything")
    return number


Count = Annotated[int, AfterValidator(_countable)]


class ConditionStatus(StrEnum):
    """A condition's status, as Kubernetes writes it."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class Condition(Part):
    """One condition, as Kubernetes' API conventions define it."""

    type: str
    status: ConditionStatus
    reason: str
    message: str
    last_transition_time: Moment
    observed_generation: int | None = None


class RunState(StrEnum):
    """How far a run is: until a container has started, it may be superseded; afterwards it is waited for."""

    UNSTARTED = "Unstarted"
    STARTED = "Started"
    FINISHED = "Finished"


class Outcome(StrEnum):
    """How a run ended."""

    SUCCEEDED = "Succeeded"
    FAILED = "Failed"


class Observation(Part):
    """The Job whose report was taken over last; its creation is on the API server's clock, as every Job's is."""

    job: Annotated[str, Field(description="Name of the Job")]
    created_at: Annotated[Moment, Field(description="When the Job was created")]
    database: Annotated[str, Field(description="Digest of which database it read")] = ""
    edges_lost: Annotated[
        bool, Field(description="Its log did not have the ledger: servedRevisions is not all that is served")
    ] = False


class RunRecord(Part):
    """The newest run. `failures` counts the tries of these inputs that count against retry.limit."""

    job: Annotated[str, Field(description="Name of the Job")]
    uid: Annotated[str, Field(description="uid of the migration that the run belongs to")]
    inputs: Annotated[str, Field(description="Digest of everything that decided what the run does")]
    attempt: Annotated[Count, Field(description="Number of the try, from 1")]
    failures: Annotated[Count, Field(description="Earlier tries that count against retry.limit")] = 0
    state: Annotated[RunState, Field(description="Unstarted, Started or Finished")]
    started_at: Moment | None = None
    finished_at: Moment | None = None
    outcome: Outcome | None = None
    reason: str | None = None  # no enum: an operator of another version must be able to read and write it
    message: Annotated[str, Field(description="What the runner said")] = ""


class DriftRecord(Part):
    """What the last look for drift saw."""

    checked_at: Annotated[Moment, Field(description="When it looked")]
    detected: Annotated[bool, Field(description="Whether the database is not where it was brought")]
    message: Annotated[str, Field(description="What it saw, or why it saw nothing")] = ""


class NextFloor(Part):
    """The pending revision with a floor that the last run stopped before. For spec.floors: Wait only."""

    revision: Annotated[str, Field(description="The revision that is not applied yet")]
    floor: Annotated[str, Field(description="Apps that require something older are not served after it")]
    ends: Annotated[Ids, Field(description="Revisions that are served until then; at most 100")] = ()
    inputs: Annotated[str, Field(description="Digest of what decided what the run does")]
    rest: Annotated[str, Field(description="Hash of what is left of the approved plan")] = ""
    withdrawn: Annotated[
        bool, Field(description="No pod needs them any more: servedRevisions is without them already")
    ] = False
    unsure: Annotated[bool, Field(description="A run that might pass it ended and did not tell whether it had")] = False


class HistoryEntry(Part):
    """A finished run that changed the database or needs a human."""

    from_: Annotated[Ids, Field(alias="from", description="Heads before")] = ()
    to: Annotated[Ids, Field(description="Heads after")] = ()
    image: Annotated[str, Field(description="Image with digest")] = ""
    job: str
    started_at: Moment | None = None
    finished_at: Moment | None = None
    outcome: Outcome
    reason: str
    plan: Annotated[str, Field(description="The SchemaPlan that it carried out")] = ""


class Status(Part):
    """What the operator knows of the migration and of its database."""

    observed_generation: Annotated[int | None, Field(description="Generation of the spec that this is about")] = None
    conditions: Annotated[tuple[Condition, ...], Field(description="Ready, Reconciling and Stalled")] = ()
    current_revisions: Annotated[Ids, Field(description="Heads in the version table")] = ()
    target_revisions: Annotated[Ids, Field(description="What the target means in this image")] = ()
    pending_revisions: Annotated[Ids, Field(description="Not applied yet, in apply order; at most 20")] = ()
    pending_count: Annotated[Count | None, Field(description="How many revisions are pending")] = None
    served_revisions: Annotated[
        Ids, Field(description="Revisions that an app may require of this database, newest first; at most 100")
    ] = ()
    floor: Annotated[str, Field(description="Apps that require something older than this are not served")] = ""
    next_floor: Annotated[NextFloor | None, Field(description="The revision that waits for old pods to go")] = None
    observed_at: Annotated[Moment | None, Field(description="When a run last read the database")] = None
    observed_by: Annotated[Observation | None, Field(description="The Job of that run")] = None
    observed_image: Annotated[str, Field(description="Image of that run, with its digest")] = ""
    plan: Annotated[str, Field(description="The newest SchemaPlan")] = ""
    run: Annotated[RunRecord | None, Field(description="The newest run")] = None
    next_retry_time: Annotated[Moment | None, Field(description="When the operator tries again by itself")] = None
    drift: Annotated[DriftRecord | None, Field(description="What the last look for drift saw")] = None
    history: Annotated[tuple[HistoryEntry, ...], Field(description="Finished runs, newest first")] = ()
