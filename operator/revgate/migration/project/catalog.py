"""The revisions of a simple project by their headers alone: heads and digests, without Alembic and without imports.

Simple is a project whose graph can be read off the files: plain headers, full ids, no branch labels. For every other
one the answer is None, and Alembic's own graph says more.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from revgate.contract.digest import digest_of
from revgate.migration.project.headers import Header, read_header, revision_files


@dataclass(frozen=True, slots=True)
class Catalog:
    """Revisions by id, parents before children."""

    headers: Mapping[str, Header]
    heads: tuple[str, ...]  # those that no other one follows, depends_on not counted

    def digests(self) -> dict[str, str]:
        """Return the digest of each revision and all below it."""
        digests: dict[str, str] = {}
        for revision, one in self.headers.items():
            parents = [digests[parent] for parent in {*one.down_revision, *one.depends_on}]
            digests[revision] = digest_of(revision, one.checksum, parents)
        return digests


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
    above = {parent for one in known.values() for parent in one.down_revision}
    parents = above.union(*(one.depends_on for one in known.values()))
    ordered = _parents_first(known) if parents <= known.keys() else None
    return Catalog(ordered, tuple(sorted(known.keys() - above))) if ordered else None


def _parents_first(known: Mapping[str, Header]) -> dict[str, Header] | None:
    """Return the same in an order in which parents come first; None where they go round in a circle."""
    children: dict[str, list[str]] = {revision: [] for revision in known}
    missing = {}
    for revision, one in known.items():
        parents = {*one.down_revision, *one.depends_on}
        missing[revision] = len(parents)
        for parent in parents:
            children[parent].append(revision)
    ready = sorted((revision for revision, count in missing.items() if not count), reverse=True)
    ordered: dict[str, Header] = {}
    while ready:
        revision = ready.pop()
        ordered[revision] = known[revision]
        for child in children[revision]:
            missing[child] -= 1
            if not missing[child]:
                ready.append(child)
    return ordered if len(ordered) == len(known) else None
