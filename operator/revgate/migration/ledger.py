"""The ledger, whatever the database: the map beside the version table, which alone is the truth.

One row for every revision ever known here, with its parents, so that gates and older images can find the way from a
head that they have never heard of.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

import sqlalchemy as sa

from revgate import __version__
from revgate.contract.serves import Edge, below
from revgate.migration.history import History
from revgate.migration.project.revisions import Known

COLUMNS: Final = """
    version_table_schema text NOT NULL,
    version_table text NOT NULL,
    revision text NOT NULL,
    parents text NOT NULL,
    checksum text NOT NULL,
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
READ: Final = f"SELECT revision, parents, floor FROM {{}} WHERE {_WHERE} AND state <> 'reverted'"  # noqa: S608  constants
_INSERT: Final = (
    "INSERT INTO {} AS log (version_table_schema, version_table, revision, parents, checksum, floor, state, "
    "started_at, finished_at, image, job, owner, runner) VALUES (:schema, :table, :revision, :parents, "
    ":checksum, :floor, "
)
_APPLIED: Final = _INSERT + (
    "'applied', :started, :finished, :image, :job, :owner, :runner) "
    "ON CONFLICT (version_table_schema, version_table, revision) DO UPDATE SET parents = excluded.parents, "
    "checksum = excluded.checksum, floor = coalesce(nullif(excluded.floor, ''), log.floor), state = 'applied', "
    "started_at = excluded.started_at, finished_at = excluded.finished_at, image = excluded.image, "
    "job = excluded.job, owner = excluded.owner, runner = excluded.runner"
)
RECORDED: Final = _INSERT + (
    "'recorded', NULL, NULL, :image, :job, :owner, :runner) "
    "ON CONFLICT (version_table_schema, version_table, revision) DO UPDATE SET parents = excluded.parents, "
    "checksum = excluded.checksum, floor = coalesce(nullif(excluded.floor, ''), log.floor), state = 'recorded', "
    "started_at = NULL, finished_at = NULL WHERE log.state = 'reverted'"
)
# A floor that is there stays in all of these: an older image does not know it, and a gate would say yes to old apps
FLOORED: Final = (
    f"UPDATE {{}} SET floor = :floor WHERE {_WHERE} AND revision = :revision AND floor = '' AND :floor <> ''"  # noqa: S608
)
_REVERTED: Final = f"UPDATE {{}} SET state = 'reverted' WHERE {_WHERE} AND revision = :revision"  # noqa: S608


@dataclass(frozen=True, slots=True)
class LedgerWish:
    """Whether there is to be a ledger, and who may read it."""

    enabled: bool = True
    readers: tuple[str, ...] = ("PUBLIC",)


@dataclass(frozen=True, slots=True)
class Provenance:
    """Who applies: what the ledger says of a run."""

    image: str = ""
    job: str = ""
    owner: str = ""
    runner: str = __version__


class Ledger(Protocol):
    """The rows of one history, for who holds its lock."""

    @property
    def history(self) -> History:
        """Whose rows these are."""

    @property
    def name(self) -> str:
        """The table, qualified and quoted as it stands in a statement."""

    def edges(self) -> dict[str, Edge]:
        """Return every revision that was ever known in this history and not reverted, by its id."""

    def record_known(self, known: Iterable[Known], provenance: Provenance) -> None:
        """Write down revisions that were applied before there was a ledger: without times, which nobody knows."""

    def lacks_readers(self, readers: Sequence[str]) -> bool:
        """Say whether a reader lacks a right that this user can give."""

    def grant(self, readers: Sequence[str]) -> None:
        """Let the readers read, as far as this user has the right to say so."""


def key_of(history: History) -> dict[str, str]:
    """Return the values of the columns that tell one history from another."""
    return {"schema": history.schema, "table": history.table}


def edges_of(rows: Iterable[Sequence[str]]) -> dict[str, Edge]:
    """Return what the rows of READ say."""
    return {revision: Edge(revision, tuple(json.loads(parents)), floor) for revision, parents, floor in rows}


def unrecorded(heads: Iterable[str], scripts: Mapping[str, Edge], ledger: Mapping[str, Edge]) -> tuple[str, ...]:
    """Return the applied revisions that the ledger lacks, of an adopted database all, or whose new floor it lacks."""
    applied = set(below(sorted(heads), {**ledger, **scripts})) & scripts.keys()
    return tuple(sorted(one for one in applied if one not in ledger or (scripts[one].floor and not ledger[one].floor)))


def record_applied(
    connection: sa.Connection, ledger: Ledger, known: Known, times: tuple[datetime, datetime], provenance: Provenance
) -> None:
    """Write the row of a revision that was just applied, in the transaction that the connection is in."""
    moments = [sa.bindparam(name, type_=sa.DateTime(timezone=True)) for name in ("started", "finished")]
    statement = sa.text(_APPLIED.format(_escaped(ledger.name))).bindparams(*moments)
    values = values_of(ledger.history, known, provenance)
    connection.execute(statement, {**values, "started": times[0], "finished": times[1]})


def record_reverted(connection: sa.Connection, ledger: Ledger, revision: str) -> None:
    """Write that a revision was downgraded, in the transaction that did it; a row that is not there stays away."""
    statement = sa.text(_REVERTED.format(_escaped(ledger.name)))
    connection.execute(statement, {**key_of(ledger.history), "revision": revision})


def values_of(history: History, known: Known, provenance: Provenance) -> dict[str, str]:
    """Return the values of a row but its times."""
    return {
        **key_of(history),
        "revision": known.edge.revision,
        "parents": json.dumps(known.edge.parents),
        "checksum": known.checksum,
        "floor": known.edge.floor,
        "image": provenance.image,
        "job": provenance.job,
        "owner": provenance.owner,
        "runner": provenance.runner,
    }


def _escaped(name: str) -> str:
    """A colon in a quoted name is no parameter."""
    return name.replace(":", r"\:")
