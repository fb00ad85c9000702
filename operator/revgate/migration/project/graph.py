"""Walking the graph of revisions: pure, over edges, whether they come from scripts or from the ledger."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from revgate.contract.serves import Edge, below


def newest_first(heads: Collection[str], edges: Mapping[str, Edge]) -> tuple[Edge, ...]:
    """Return every edge, children before parents; what the heads do not reach comes last."""
    reached = set(below(sorted(heads), edges)) & edges.keys()
    return (*_children_first(reached, edges), *_children_first(edges.keys() - reached, edges))


def newest(head: str, edges: Mapping[str, Edge], most: int) -> Sequence[Edge]:
    """Return as many of `newest_first`: where each has one parent, the older ones need not be looked at."""
    found: list[Edge] = []
    edge = edges.get(head)
    while edge is not None and len(edge.parents) == 1 and len(found) < most:
        found.append(edge)
        edge = edges.get(edge.parents[0])
    return found if len(found) == most else newest_first([head], edges)[:most]


def includes(heads: Collection[str], targets: Collection[str], edges: Mapping[str, Edge]) -> bool:
    """Whether the heads are at, or beyond, every target."""
    return set(targets) <= set(below(sorted(heads), edges))


def is_beyond(heads: Collection[str], targets: Collection[str], edges: Mapping[str, Edge]) -> bool:
    """Whether some head follows a target."""
    return any(set(below([head], edges)) & set(targets) for head in set(heads) - set(targets))


def _children_first(revisions: Collection[str], edges: Mapping[str, Edge]) -> Iterator[Edge]:
    waiting = dict.fromkeys(revisions, 0)
    for revision in revisions:
        for parent in edges[revision].parents:
            if parent in waiting:
                waiting[parent] += 1
    ready = sorted(revision for revision, children in waiting.items() if children == 0)
    while ready:
        edge = edges[ready.pop()]
        yield edge
        for parent in edge.parents:
            if parent in waiting:
                waiting[parent] -= 1
                if waiting[parent] == 0:
                    ready.append(parent)
