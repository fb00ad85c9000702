"""Everything observed about one migration, `now` included, frozen: the only input of a decision."""

from dataclasses import dataclass
from datetime import datetime

from revgate.contract.planned import PlanDocument
from revgate.contract.report import Report
from revgate.contract.serves import Edge
from revgate.contract.steps import Step
from revgate.control.deciding.kinds import Kind
from revgate.control.resource.plan_resource import PlanSpec
from revgate.control.resource.record import Status
from revgate.control.resource.spec import Spec


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """A migration's namespace and name."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Malformed:
    """A spec that these types cannot read, and why, in one sentence."""

    message: str


@dataclass(frozen=True, slots=True)
class Migration:
    """The resource: who it is, what it asks for and what was recorded last."""

    key: Key
    uid: str
    generation: int
    spec: Spec | Malformed
    retry_token: str
    status: Status
    is_deleted: bool = False  # somebody's finalizer still holds it


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why a container has not started: the kubelet's or the scheduler's reason and message."""

    reason: str
    message: str
    hook: str = ""  # the container, where it is a hook


@dataclass(frozen=True, slots=True)
class Terminated:
    """How a container ended."""

    exit_code: int
    reason: str
    message: str  # the termination message, or what the runtime said when the container could not start
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Hook:
    """A hook that a pod stands at: it waits, is at work or, with `terminated`, has failed."""

    name: str
    is_after: bool  # the migration has ended well before it
    terminated: Terminated | None = None


@dataclass(frozen=True, slots=True)
class Pod:
    """The pod of a Job, as far as a decision needs it."""

    name: str
    uid: str
    job: str
    created_at: datetime
    started_at: datetime | None = None  # when the first of our containers started
    is_at_work: bool = True  # one of them is, if any has started
    terminated: Terminated | None = None  # how the migrate container ended
    waiting: Waiting | None = None  # of the container whose turn it is
    image: str = ""  # with digest, as the kubelet resolved it
    evicted: str = ""  # who cut it off, from the DisruptionTarget condition or the kubelet
    gone: bool = False  # finished, whatever its containers tell
    failed_init: Terminated | None = None  # an init container that failed; its name is the reason
    is_initializing: bool = False  # an init container of the user's template is at work
    hook: Hook | None = None  # None: the migration has its turn, or all of ours have ended well
    awaited_since: datetime | None = None  # when the last init container ended
    ended_at: datetime | None = None  # when the last of our containers ended

    @property
    def is_told(self) -> bool:
        """Whether our containers show how the run ended."""
        return (self.hook.terminated if self.hook else self.terminated) is not None


@dataclass(frozen=True, slots=True)
class Run:
    """A Job of this migration, or of an earlier one of the same name, with its pod."""

    job: str
    job_uid: str
    uid: str  # the migration's
    inputs: str
    attempt: int
    created_at: datetime
    database: str = ""  # digest of which database it is about; empty for a Job of an older operator
    failures: int = 0  # earlier tries of these inputs that count against retry.limit
    kind: Kind = Kind.APPLY
    plan: str = ""  # the SchemaPlan that it carries out
    finished_at: datetime | None = None  # when the Job controller called it Complete or Failed
    succeeded: bool = False
    note: str = ""  # the Job condition's message, or why no pod could be created
    deleting: bool = False
    pod: Pod | None = None
    report: Report | None = None
    edges: tuple[Edge, ...] | None = None  # None: none read
    step: Step | None = None  # the revision that it is at, once it takes long
    document: PlanDocument | None = None  # what a plan run told; None: none read

    @property
    def awaited_since(self) -> datetime:
        """Since when a container has had its turn that has not started."""
        return (self.pod.awaited_since if self.pod else None) or self.created_at


@dataclass(frozen=True, slots=True)
class Plan:
    """A SchemaPlan of this migration."""

    name: str
    object_uid: str
    uid: str  # the migration's
    inputs: str  # of the run that told it
    created_at: datetime
    spec: PlanSpec


@dataclass(frozen=True, slots=True)
class AppPod:
    """A pod of an app that requires revisions of the migration's database."""

    name: str
    requires: tuple[str, ...]
    has_started: bool = False  # its app, and not only what runs before it
    is_held: bool = False  # by our scheduling gate: it runs nothing


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One migration and its Jobs at one moment. `image` is the operator's bundled runner image."""

    now: datetime
    migration: Migration
    runs: tuple[Run, ...]
    image: str
    plans: tuple[Plan, ...] = ()  # newest first
    apps: tuple[AppPod, ...] | None = None  # None: nobody has looked
