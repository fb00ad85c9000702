"""What a rehearsal came to, as values. Revisions are full ids, times are in seconds."""

from dataclasses import dataclass, field
from typing import Final

MODES: Final = (
    "ACCESS SHARE",
    "ROW SHARE",
    "ROW EXCLUSIVE",
    "SHARE UPDATE EXCLUSIVE",
    "SHARE",
    "SHARE ROW EXCLUSIVE",
    "EXCLUSIVE",
    "ACCESS EXCLUSIVE",
)
"""PostgreSQL's locks on a table, the weakest first."""

EXCLUSIVE: Final = MODES[-1]
"""The one that also keeps readers out."""

BLOCKING: Final = MODES[MODES.index("SHARE") :]
"""Those that keep writers out."""


UP, DOWN = "upgrade", "downgrade"


@dataclass(frozen=True, slots=True, order=True)
class Table:
    """A table that was there before the run, by the name that it had."""

    schema: str
    name: str

    @property
    def text(self) -> str:
        """Return what a message calls it."""
        return self.name if self.schema == "public" else f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True)
class Touched:
    """What a statement did to a table."""

    table: Table
    mode: str  # the strongest lock on it from here on, one of MODES; "" when none could be seen
    rewritten: bool  # its file was written anew
    rows: int | None  # of the real table, as its server estimates them; None when nobody has counted


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of a revision that touched a table, failed, took long or ran outside a transaction."""

    sql: str  # its beginning, in one line, without secrets
    seconds: float
    touched: tuple[Touched, ...] = ()
    in_transaction: bool = True
    failed: bool = False


@dataclass(frozen=True, slots=True)
class RehearsedRevision:
    """One revision that was begun."""

    revision: str
    file: str
    seconds: float | None  # None when it failed
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Leg:
    """One way, up or down."""

    direction: str  # UP or DOWN
    revisions: tuple[RehearsedRevision, ...]
    error: str = ""  # one sentence, "" when it got there

    @property
    def seconds(self) -> float:
        """Return how long the revisions took that were completed."""
        return sum(one.seconds or 0.0 for one in self.revisions)


@dataclass(frozen=True, slots=True)
class Difference:
    """How the schema differs from what it was before."""

    revision: str  # whose downgrade did not restore it; "" for the way there and back as a whole
    left_over: tuple[str, ...]  # what was not there before
    missing: tuple[str, ...]  # what was


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """All of it."""

    source: str  # HOST:PORT/NAME of the database whose schema was copied
    server: str  # HOST:PORT of the one that it was copied to
    before: tuple[str, ...]  # heads of the database
    pending: tuple[str, ...]  # what was to be rehearsed, in apply order
    legs: tuple[Leg, ...] = ()
    differences: tuple[Difference, ...] = ()
    notes: tuple[str, ...] = field(default=())  # sentences: what could not be copied, what was left behind
    left: str = ""  # the scratch database, when it could not be dropped

    @property
    def is_well(self) -> bool:
        """Whether everything ran, what came down was as before, and nothing was left behind."""
        return not self.differences and not self.left and not any(leg.error for leg in self.legs)
