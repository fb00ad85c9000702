"""The digest of each revision of a graph: one walk, whatever the order that they come in."""

from collections.abc import Mapping

from revgate.contract.digest import digest_of
from revgate.contract.serves import Edge


def digests_of(edges: Mapping[str, Edge], checksums: Mapping[str, str]) -> dict[str, str]:
    """Return the digest of every edge, by revision.

    A parent that is not among the edges counts as an empty digest: it is a digest that no whole history has, and so
    tells by itself that something is missing.
    """
    digests: dict[str, str] = {}
    for start in edges:
        walk = [start]
        begun: set[str] = set()
        while walk:
            revision = walk[-1]
            parents = edges[revision].parents
            open_ = [] if revision in begun else [one for one in parents if one in edges and one not in digests]
            begun.add(revision)  # met again, its parents are done, or wait for it in a circle
            walk += open_
            if not open_:
                walk.pop()
                if revision not in digests:
                    known = [digests.get(parent, "") for parent in parents]
                    digests[revision] = digest_of(revision, checksums[revision], known)
    return digests
