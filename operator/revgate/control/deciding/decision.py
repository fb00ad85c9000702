"""What can be decided about a migration: one value a pass."""

from dataclasses import dataclass
from datetime import datetime

from revgate.contract.reasons import Reason
from revgate.control.deciding.endings import Ended
from revgate.control.deciding.kinds import Kind
from revgate.control.observing.snapshot import Plan, Run
from revgate.control.resource.plan_resource import PlanSpec
from revgate.control.resource.record import NextFloor


@dataclass(frozen=True, slots=True)
class Start:
    """Create the Job of this try."""

    inputs: str
    attempt: int = 1
    failures: int = 0
    kind: Kind = Kind.APPLY
    plan: Plan | None = None
    image: str = ""  # where it is not that of the spec
    past: NextFloor | None = None  # the floor that may be passed
    rest: str = ""  # hash of what is left of the plan, once a run has stopped before a floor


@dataclass(frozen=True, slots=True)
class Remove:
    """Delete a Job whose container never started; `ended` says how its run is remembered, None that it is forgotten."""

    run: Run
    ended: Ended | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """A run is under way. Look again at `check_at` even if no event comes."""

    run: Run
    reason: Reason
    message: str
    check_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Again:
    """The run ended in a way that may pass: tried again at `at`."""

    ended: Ended
    at: datetime
    attempt: int


@dataclass(frozen=True, slots=True)
class Done:
    """The database has every revision up to the target. Look again at `check_at`, if drift is looked for."""

    ended: Ended
    check_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Stall:
    """A human must act."""

    reason: str
    message: str
    check_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """Suspended, or about to be deleted: nothing is started."""


@dataclass(frozen=True, slots=True)
class Tell:
    """Write down what a plan run told, as a SchemaPlan of this name."""

    name: str
    inputs: str
    plan: PlanSpec


@dataclass(frozen=True, slots=True)
class Discard:
    """Delete a plan that is not what would run any more; another one is made."""

    plan: Plan


@dataclass(frozen=True, slots=True)
class Await:
    """A plan is there, and nothing is done until a person says so."""

    plan: str
    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class AwaitPods:
    """Pods are at work that a floor would end, or nobody has looked yet. Look again at `check_at`."""

    floor: NextFloor
    message: str
    check_at: datetime


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Serve nobody any more whom a floor ends, before somebody looks a last time for pods that need it."""

    floor: NextFloor


@dataclass(frozen=True, slots=True)
class Inspecting:
    """A run looks whether the database is where it was; what is known stands until it has looked."""

    run: Run
    check_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Unseen:
    """An inspection did not see the database: what was known stands. Look again at `check_at`."""

    ended: Ended
    check_at: datetime | None


Decision = (
    Start
    | Remove
    | Progress
    | Again
    | Done
    | Stall
    | Hold
    | Tell
    | Discard
    | Await
    | AwaitPods
    | Withdraw
    | Inspecting
    | Unseen
)
