"""The revisions of a simple project by their headers alone: heads and digests, without Alembic and without imports.

Simple is a project whose graph can be read off the files: plain headers, full ids, no branch labels. For every other
one the answer is None, and Alembic's own graph says more.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from revgate.contract.serves import Edge
from revgate.migration.digests import digests_of
from revgate.migration.project.graph import newest_first
from revgate.migration.project.headers import Header, read_header
from revgate.migration.project.listing import revision_files


@dataclass(frozen=True, slots=True)
class Catalog:
    """Revisions by id, and the graph that they make."""

    headers: Mapping[str, Header]
    edges: Mapping[str, Edge]
    heads: tuple[str, ...]  # those that no other one follows, depends_on not counted

    def digests(self) -> dict[str, str]:
        """Return the digest of each revision and all below it."""
        return digests_of(self.edges, {revision: one.checksum for revision, one in self.headers.items()})


def read_catalog(folders: Sequence[str], *, recursive: bool) -> Catalog | None:
    """Return the catalogue of the revision files in some folders."""
    headers = []
    for entry in revision_files(folders, recursive=recursive):
        with open(entry.path, "rb") as file:  # noqa: PTH123  see headers
            headers.append(read_header(entry.path, file.read()))
    return catalog_of(headers)


def catalog_of(headers: Iterable[Header | None]) -> Catalog | None:
    """Return the catalogue of these files, or None when only Alembic can say what they mean."""
    known: dict[str, Header] = {}
    for one in headers:
        if one is None or one.revision in known or one.branch_labels:
            return None
        known[one.revision] = one
    edges = {
        key: Edge(key, tuple(sorted({*one.down_revision, *one.depends_on})), one.floor) for key, one in known.items()
    }
    heads = tuple(sorted(known.keys() - {parent for one in known.values() for parent in one.down_revision}))
    is_whole = all(parent in known for edge in edges.values() for parent in edge.parents)
    # In a circle nobody comes before the others, and none of them is in the order
    return (
        Catalog(known, edges, heads) if known and is_whole and len(newest_first(heads, edges)) == len(known) else None
    )
