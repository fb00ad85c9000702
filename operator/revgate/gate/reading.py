"""What one look at the database brought: frozen, so that the judgement needs nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from revgate.contract.serves import Edge


class Ledger(Enum):
    """Whether the map of the revisions could be read."""

    NOT_NEEDED = auto()  # the heads alone answer
    READ = auto()
    MISSING = auto()  # nobody migrated this database with revgate, or its ledger is switched off
    FORBIDDEN = auto()


@dataclass(frozen=True, slots=True)
class Heads:
    """The version table was read: its rows, and what the ledger says about them."""

    table: str  # as a GRANT would name it
    revisions: tuple[str, ...]
    ledger: Ledger = Ledger.NOT_NEEDED
    ledger_table: str = ""
    edges: Mapping[str, Edge] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NoTable:
    """The version table is not there: the database was never migrated, or the gate looks in the wrong place."""

    table: str


@dataclass(frozen=True, slots=True)
class Forbidden:
    """The version table is there and this user may not read it."""

    table: str


class Cause(Enum):
    """Why a database could not be asked."""

    UNREACHABLE = auto()
    SILENT = auto()
    HOST_NOT_FOUND = auto()
    STARTING = auto()
    FULL = auto()
    REFUSED_LOGIN = auto()
    NOT_ADMITTED = auto()
    NO_DATABASE = auto()
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class Trouble:
    """The database could not be asked; `detail` is the server's or driver's first line, without secrets."""

    cause: Cause
    detail: str


Reading = Heads | NoTable | Forbidden | Trouble
