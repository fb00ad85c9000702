"""The ledger, whatever the database: the map beside the version table, which alone is the truth.

One row for every revision ever known here, with its parents, so that gates and older images can find the way from a
head that they have never heard of.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, Protocol, TypeAlias

from revgate import __version__
from revgate.contract.serves import Edge
from revgate.migration.history import History
from revgate.migration.recorded import Row, State

PARAMETER: Final = re.compile(r":(\w+)")
"""A parameter of the statements below, which each driver writes in another way."""

COLUMNS: Final = """
    version_table_schema text NOT NULL,
    version_table text NOT NULL,
    revision text NOT NULL,
    parents text NOT NULL,
    checksum text NOT NULL,
    digest text NOT NULL,
    floor text NOT NULL DEFAULT '',
    state text NOT NULL CHECK (state IN ('applied', 'recorded', 'reverted')),
    started_at {moment},
    finished_at {moment},
    image text NOT NULL DEFAULT '',
    job text NOT NULL DEFAULT '',
    owner text NOT NULL DEFAULT '',
    runner text NOT NULL DEFAULT '',
    PRIMARY KEY (version_table_schema, version_table, revision)
"""

_WHERE: Final = "version_table_schema = :schema AND version_table = :table"
READ: Final = (
    "SELECT revision, parents, floor, checksum, digest, state, started_at, finished_at, image, job, owner, runner "  # noqa: S608  constants
    f"FROM {{}} WHERE {_WHERE}"
)
ANY: Final = f"SELECT 1 FROM {{}} WHERE {_WHERE} LIMIT 1"  # noqa: S608  constants
_INSERT: Final = (
    "INSERT INTO {} AS log (version_table_schema, version_table, revision, parents, checksum, digest, floor, state, "
    "started_at, finished_at, image, job, owner, runner) VALUES (:schema, :table, :revision, :parents, "
    ":checksum, :digest, :floor, "
)
# A floor that is there stays in all of these: an older image does not know it, and a gate would say yes to old apps
_ANEW: Final = (
    "ON CONFLICT (version_table_schema, version_table, revision) DO UPDATE SET parents = excluded.parents, "
    "checksum = excluded.checksum, digest = excluded.digest, "
    "floor = coalesce(nullif(excluded.floor, ''), log.floor), state = excluded.state, "
    "started_at = excluded.started_at, finished_at = excluded.finished_at"
)
_OURS: Final = (
    f":started, :finished, :image, :job, :owner, :runner) {_ANEW}, image = excluded.image, "
    "job = excluded.job, owner = coalesce(nullif(excluded.owner, ''), log.owner), runner = excluded.runner"
)
APPLIED: Final = f"{_INSERT}'applied', {_OURS}"
RECORDED: Final = (
    f"{_INSERT}'recorded', NULL, NULL, :image, :job, :owner, :runner) {_ANEW} WHERE log.state = 'reverted'"
)
CLOSED: Final = (
    "WITH moved AS (UPDATE {version} SET version_num = :revision WHERE version_num = :moved RETURNING 1) "  # noqa: S608  constants
    + APPLIED.replace("VALUES (", "SELECT ").replace(":runner) ", ":runner FROM moved ")
)
"""APPLIED, and the row of the version table in the same breath: as many rows are written as were moved."""
CLOSED_STRICTLY: Final = (
    CLOSED.replace(" :revision, ", " CASE (SELECT count(*) FROM moved) WHEN 1 THEN :revision END, ")
    .replace(" FROM moved ON ", " ON ")
    .replace(
        ":started, :finished",
        "CAST(:started AS timestamptz), greatest(CAST(:started AS timestamptz), clock_timestamp())",
    )
)
"""CLOSED, which fails when it was not one row that was moved: nobody counts them before the commit.

What it comes after may be in the same message, so that only the server knows when that was finished.
"""
FLOORED: Final = f"UPDATE {{}} SET floor = :floor WHERE {_WHERE} AND revision = :revision AND floor = ''"  # noqa: S608  constants
MENDED: Final = (
    "UPDATE {} SET parents = :parents, checksum = :checksum, digest = :digest "  # noqa: S608  constants
    f"WHERE {_WHERE} AND revision = :revision"
)
CLAIMED: Final = f"UPDATE {{}} SET owner = :owner WHERE {_WHERE} AND owner <> :owner"  # noqa: S608  constants
REVERTED: Final = f"UPDATE {{}} SET state = 'reverted' WHERE {_WHERE} AND revision = :revision"  # noqa: S608  constants

Batch: TypeAlias = tuple[str, Sequence[Mapping[str, str]]]
"""A statement of these, with the values for each time that it is executed."""


class Edited(StrEnum):
    """What to do when the file of an applied revision is not the one that was applied."""

    REFUSE = "refuse"
    ACCEPT = "accept"  # the database has what the file says now: write its checksum into the ledger


@dataclass(frozen=True, slots=True)
class LedgerWish:
    """Whether there is to be a ledger, who may read it, and what follows when it disagrees with the scripts."""

    enabled: bool = True
    readers: tuple[str, ...] = ("PUBLIC",)
    edited: Edited = Edited.REFUSE


@dataclass(frozen=True, slots=True)
class Provenance:
    """Who applies: what the ledger says of a run."""

    image: str = ""
    job: str = ""
    owner: str = ""  # NAMESPACE/NAME/UID of a migration, "" for whoever is none
    runner: str = __version__
    takes_over: str = ""  # NAMESPACE/NAME of the migration whose history becomes ours


class Ledger(Protocol):
    """The rows of one history, for who holds its lock."""

    @property
    def history(self) -> History:
        """Whose rows these are."""

    @property
    def name(self) -> str:
        """The table, qualified and quoted as it stands in a statement."""

    def rows(self) -> dict[str, Row]:
        """Return every row of this history, by its revision.

        Raises:
            LedgerUnusable: if the table is none of ours.
        """

    def edges(self) -> dict[str, Edge]:
        """Return every revision that was ever known in this history and not reverted, by its id."""

    def write(self, batches: Iterable[Batch]) -> None:
        """Execute the statements in one transaction."""

    def lacks_readers(self, readers: Sequence[str]) -> bool:
        """Say whether a reader lacks a right that this user can give."""

    def grant(self, readers: Sequence[str]) -> None:
        """Let the readers read, as far as this user has the right to say so."""


def key_of(history: History) -> dict[str, str]:
    """Return the values of the columns that tell one history from another."""
    return {"schema": history.schema, "table": history.table}


def rows_of(found: Iterable[Sequence[Any]]) -> dict[str, Row]:
    """Return what READ found."""
    return {row.edge.revision: row for row in map(_row, found)}


def _row(found: Sequence[Any]) -> Row:
    revision, parents, floor, checksum, digest, state, started, finished, *origin = found
    edge = Edge(revision, tuple(json.loads(parents)), floor)
    return Row(edge, checksum, digest, State(state), _moment(started), _moment(finished), *origin)


def _moment(value: str | datetime | None) -> datetime | None:
    """Return a point in time; SQLite has it as a text, in UTC, or as what the user's connection makes of that."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if value is None:
        return None
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
