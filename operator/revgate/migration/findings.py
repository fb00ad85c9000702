"""What a run has found out so far: filled as it goes, so that the report is true also when the run fails."""

from dataclasses import dataclass, field

from revgate.contract.serves import Edge
from revgate.migration.failures import Flight
from revgate.migration.look import Project
from revgate.migration.recorded import Row


@dataclass(frozen=True, slots=True)
class RevisionRun:
    """One revision that was applied or undone."""

    revision: str
    seconds: float
    direction: str  # "upgrade" or "downgrade"


@dataclass(slots=True)
class Findings:
    """The state of the world as last seen."""

    project: Project | None = None
    read: bool = False  # the version table was read
    before: tuple[str, ...] = ()
    current: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    runs: list[RevisionRun] = field(default_factory=list)
    lock_wait: float = 0.0  # seconds that another runner was waited for
    has_ledger: bool = False
    rows: dict[str, Row] = field(default_factory=dict)  # of the ledger
    recorded: dict[str, Edge] = field(default_factory=dict)  # what they say is not reverted
    accepted: tuple[str, ...] = ()  # edited revisions, whose files now count as what was applied
    stopped_before: str = ""  # the pending revision whose floor is waited for
    lint: str = ""  # how many findings the linter has, in words; "" where none count
    read_again: bool = False  # after the run ended: current and pending are what it left
    flight: Flight = field(default_factory=Flight)  # what was being done when the run ended

    @property
    def edges(self) -> dict[str, Edge]:
        """Return the whole graph: what the ledger remembers, and what the files say."""
        return {**self.recorded, **(self.project.revisions.edges if self.project else {})}

    def see(self, heads: tuple[str, ...]) -> None:
        """Note the rows of the version table; the first time they are where the run began."""
        if not self.read:
            self.before = heads
        self.read = True
        self.current = heads
