"""The one question of every gate: does this database serve revision R?

The version table is the truth (its rows are the heads), the ledger is only the map (who is whose parent, and which
applied revision put a floor under the apps). Three answers, and a gate never guesses between them:

    heads ──parents──> ... ──> R        yes, unless an applied revision above R has a floor that R is older than
    R is not below the heads            not yet (behind)
    a head is not on the map            cannot tell, unless R is itself a head
    a gap in the map that matters       cannot tell
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Answer(StrEnum):
    """What a gate may conclude."""

    YES = "yes"
    BEHIND = "behind"
    PAST_FLOOR = "past its floor"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True)
class Edge:
    """One known revision: the ids that must be applied before it, and its floor ("" for none)."""

    revision: str
    parents: tuple[str, ...]
    floor: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer and one sentence for a person who waits for it."""

    answer: Answer
    message: str


def serves(required: str, heads: Collection[str], edges: Mapping[str, Edge]) -> Verdict:
    """Say whether a database whose version table holds `heads` serves an app that requires `required`.

    Args:
        required: a full revision id.
        heads: the rows of the version table; empty for a database that was never migrated.
        edges: the ledger's rows of this history that are not reverted, by revision; empty when it cannot be read.
    """
    if required in heads:
        return Verdict(Answer.YES, f"Database is at {required}")
    if not heads:
        return Verdict(Answer.BEHIND, f"Database has no revision yet, {required} is required")
    applied = frozenset(below(heads, edges))
    return (
        _lost_head(required, heads, edges)
        or _past_floor(required, heads, applied, edges)
        or _gap(required, heads, applied, edges)
        or _position(required, heads, applied)
    )


def served(heads: Collection[str], edges: Mapping[str, Edge]) -> Iterator[str]:
    """Yield the applied revisions that the database serves, nearest first: `serves`, asked about all at once."""
    applied = tuple(below(heads, edges))
    floors = {edges[revision].floor for revision in applied if revision in edges} - {""}
    if edges.keys() >= {*applied, *floors}:
        too_old = set(below([parent for floor in floors for parent in edges[floor].parents], edges))
        yield from (revision for revision in applied if revision in heads or revision not in too_old)
    else:  # what is not on the map may stand in the way of some and not of others
        yield from (revision for revision in applied if serves(revision, heads, edges).answer is Answer.YES)


def heads_after(revision: str, heads: Collection[str], edges: Mapping[str, Edge]) -> frozenset[str]:
    """Return where a database at `heads` is once a revision that is next has been applied."""
    edge = edges.get(revision)
    return frozenset(heads) - frozenset(edge.parents if edge else ()) | {revision}


def ended_by(revision: str, heads: Collection[str], edges: Mapping[str, Edge]) -> Iterator[str]:
    """Yield what a database at `heads` serves and will not once `revision` is applied, nearest first.

    Args:
        revision: the one that is next.
        heads: the rows of the version table.
        edges: of what is applied, of the revision, and of what is below its floor.
    """
    after = frozenset(served(heads_after(revision, heads, edges), edges))
    yield from (one for one in served(heads, edges) if one not in after)


def _lost_head(required: str, heads: Collection[str], edges: Mapping[str, Edge]) -> Verdict | None:
    """A head without a row: everything below it is unknown."""
    lost = [head for head in heads if head not in edges]
    if not lost:
        return None
    return Verdict(
        Answer.CANNOT_TELL,
        f"Database is at {_list(heads)}, and the ledger does not know {_list(lost)}: cannot tell whether "
        f"that includes {required}; run the migration once with revgate, or let this user read the ledger",
    )


def _past_floor(
    required: str, heads: Collection[str], applied: Collection[str], edges: Mapping[str, Edge]
) -> Verdict | None:
    """An applied revision serves only apps that are newer, on whatever branch it is itself."""
    floors = {revision: edges[revision].floor for revision in applied if revision in edges and edges[revision].floor}
    if required not in applied or not floors:
        return None
    newer = above(required, edges)
    for revision, floor in sorted(floors.items()):
        if floor != required and floor in newer:
            return Verdict(
                Answer.PAST_FLOOR,
                f"Database is at {_list(heads)}, where revision {revision} serves apps from {floor} on: "
                f"{required} is too old; deploy a release that requires {floor} or later",
            )
    return None


def _gap(required: str, heads: Collection[str], applied: Collection[str], edges: Mapping[str, Edge]) -> Verdict | None:
    """An applied revision or a floor above `required` is not on the map, and might have changed the answer."""
    older = frozenset(below([required], edges))
    gaps = {revision for revision in applied if revision not in edges}
    missing = (gaps | _unknown_floors(required, applied, edges)) - older
    if not missing:
        return None
    return Verdict(
        Answer.CANNOT_TELL,
        f"Database is at {_list(heads)}, and the ledger does not know {_list(missing)}: cannot tell whether the "
        f"database serves {required}; run the migration once with revgate",
    )


def _unknown_floors(required: str, applied: Collection[str], edges: Mapping[str, Edge]) -> set[str]:
    with_floor = [edges[revision] for revision in applied if revision in edges and edges[revision].floor]
    unknown = [edge for edge in with_floor if edge.floor not in edges and edge.revision != required]
    newer = above(required, edges) if unknown else frozenset()
    return {edge.floor for edge in unknown if edge.revision in newer}


def _position(required: str, heads: Collection[str], applied: Collection[str]) -> Verdict:
    if required in applied:
        return Verdict(Answer.YES, f"Database is at {_list(heads)}, which includes {required}")
    return Verdict(Answer.BEHIND, f"Database is at {_list(heads)}, {required} is required and not applied yet")


def below(start: Collection[str], edges: Mapping[str, Edge]) -> Iterator[str]:
    """Yield the revisions in `start` and every ancestor that the edges lead to, each once, nearest first."""
    seen = set(start)
    queue = list(start)
    for revision in queue:
        yield revision
        edge = edges.get(revision)
        for parent in edge.parents if edge else ():
            if parent not in seen:
                seen.add(parent)
                queue.append(parent)


def above(revision: str, edges: Mapping[str, Edge]) -> frozenset[str]:
    """Return the revision and everything that must be applied after it."""
    children = defaultdict(list)
    for edge in edges.values():
        for parent in edge.parents:
            children[parent].append(edge.revision)
    seen = {revision}
    queue = [revision]
    for one in queue:
        new = [child for child in children[one] if child not in seen]
        seen.update(new)
        queue += new
    return frozenset(seen)


def _list(revisions: Collection[str]) -> str:
    return ", ".join(sorted(revisions))
