"""What the ledger says of a history, and how that differs from the scripts. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from revgate.contract.serves import Edge, below
from revgate.migration.digests import digests_of
from revgate.migration.project.revisions import Known


class State(StrEnum):
    """How a revision came into the ledger, or left the database."""

    APPLIED = "applied"  # by revgate
    RECORDED = "recorded"  # it was there when the ledger began, or plain Alembic brought it: nobody knows when
    REVERTED = "reverted"  # by a downgrade of revgate


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the ledger."""

    edge: Edge
    checksum: str
    digest: str
    state: State
    started: datetime | None = None
    finished: datetime | None = None
    image: str = ""
    job: str = ""
    owner: str = ""
    runner: str = ""

    @property
    def is_reverted(self) -> bool:
        """Whether the row says that its revision is not applied."""
        return self.state is State.REVERTED


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to be written into the ledger before a run goes on."""

    recorded: tuple[tuple[Known, str], ...]  # with the digest of each
    floored: tuple[Edge, ...]
    mended: tuple[tuple[Edge, str, str], ...]  # rows that are there, each with its new checksum and digest


def edges_of(rows: Mapping[str, Row]) -> dict[str, Edge]:
    """Return the graph of what was ever known and not reverted."""
    return {revision: row.edge for revision, row in rows.items() if not row.is_reverted}


def unrecorded(heads: Iterable[str], scripts: Mapping[str, Edge], ledger: Mapping[str, Edge]) -> tuple[str, ...]:
    """Return the applied revisions that the ledger lacks, of an adopted database all, or whose new floor it lacks."""
    applied = set(below(sorted(heads), {**ledger, **scripts})) & scripts.keys()
    return tuple(sorted(one for one in applied if one not in ledger or (scripts[one].floor and not ledger[one].floor)))


def edited(heads: Iterable[str], known: Mapping[str, Known], rows: Mapping[str, Row]) -> tuple[str, ...]:
    """Return the applied revisions whose file is not the one that was applied; a file of bytecode does not tell."""
    differing = {
        revision
        for revision, row in rows.items()
        if revision in known and not row.is_reverted and _differs(known[revision].checksum, row.checksum)
    }
    if not differing:
        return ()
    edges = edges_of(rows) | {revision: one.edge for revision, one in known.items()}
    return tuple(sorted(differing & set(below(sorted(heads), edges))))


def changes_of(rows: Mapping[str, Row], unrecorded: Sequence[Known], accepted: Sequence[Known]) -> Changes:
    """Return what makes the ledger know revisions that it lacks, and take edited files for what was applied.

    Digests above them change with them: whatever differs afterwards is mended in the same transaction.
    """
    live = {revision: row for revision, row in rows.items() if not row.is_reverted}
    lacking = [one for one in unrecorded if one.edge.revision not in live]
    floored = tuple(one.edge for one in unrecorded if one.edge.floor and one.edge.revision in live)
    written = {one.edge.revision: one for one in (*lacking, *accepted)}
    if not written:
        return Changes((), floored, ())
    edges = edges_of(rows) | {revision: one.edge for revision, one in written.items()}
    checksums = {revision: row.checksum for revision, row in live.items()}
    checksums |= {revision: one.checksum for revision, one in written.items()}
    digests = digests_of(edges, checksums)
    return Changes(
        recorded=tuple((one, digests[one.edge.revision]) for one in lacking),
        floored=floored,
        mended=tuple(
            (edges[revision], checksums[revision], digests[revision])
            for revision, row in live.items()
            if (row.checksum, row.digest) != (checksums[revision], digests[revision])
        ),
    )


def _differs(checksum: str, recorded: str) -> bool:
    return bool(checksum and recorded) and checksum != recorded
