"""Where the database stands towards the target: the decision between doing nothing, upgrading and refusing. Pure."""

from collections.abc import Collection, Mapping
from enum import StrEnum

from revgate.contract.serves import Edge
from revgate.migration.errors import UnknownRevision
from revgate.migration.project.graph import includes, is_beyond


class Standing(StrEnum):
    """What there is to do."""

    REACHED = "reached"  # nothing
    AHEAD = "ahead"  # nothing: the database is further, and the target is below it
    BEHIND = "behind"  # apply what is pending
    UNKNOWN = "unknown"  # nobody knows: the database is at a revision of another history, or of a newer image


def where_it_stands(
    heads: Collection[str], target: Collection[str], scripts: Mapping[str, Edge], ledger: Mapping[str, Edge]
) -> Standing:
    """Say where a database at `heads` stands towards the target.

    A head that the scripts lack was applied by a newer image. The ledger knows the way down from it, and only
    with that way the target can be said to be included: then a rollback of the image is no reason to do anything.

    Args:
        heads: the rows of the version table.
        target: full ids, all in the scripts.
        scripts: the graph of this image.
        ledger: the graph of everything that was ever applied; empty without a ledger.

    Raises:
        UnknownRevision: if nobody knows where the database is.
    """
    edges = {**ledger, **scripts}
    if all(head in scripts for head in heads):
        if not includes(heads, target, edges):
            return Standing.BEHIND
        return Standing.AHEAD if is_beyond(heads, target, edges) else Standing.REACHED
    if all(head in edges for head in heads) and includes(heads, target, edges):
        return Standing.AHEAD
    raise UnknownRevision(_lost(heads, target, scripts, ledger))


def _lost(
    heads: Collection[str], target: Collection[str], scripts: Mapping[str, Edge], ledger: Mapping[str, Edge]
) -> str:
    at, newest = ", ".join(sorted(heads)), ", ".join(sorted(_tips(scripts)))
    if all(head in scripts or head in ledger for head in heads):
        return (
            f"Database is at {at}, which this image lacks and which does not include {', '.join(sorted(target))}; "
            f"newest here is {newest}: deploy an image that has both"
        )
    return (
        f"Database is at {at}, which neither this image nor the ledger knows; newest here is {newest}: "
        "deploy an image that has that revision"
    )


def _tips(edges: Mapping[str, Edge]) -> set[str]:
    return edges.keys() - {parent for edge in edges.values() for parent in edge.parents}
