"""The entries of a simple project, by the headers of its files."""

from collections import Counter

from revgate.migration.output.places import shown
from revgate.migration.project.catalog import Catalog
from revgate.migration.project.entry import Entry
from revgate.migration.project.graph import newest_first
from revgate.migration.project.headers import Header


def entries_of(catalog: Catalog) -> tuple[Entry, ...]:
    """Return the entries, parents before children, in the order of read_entries."""
    children = Counter(parent for one in catalog.headers.values() for parent in one.down_revision)
    order = reversed(newest_first(catalog.heads, catalog.edges))
    return tuple(_entry(catalog.headers[edge.revision], children[edge.revision]) for edge in order)


def _entry(one: Header, children: int) -> Entry:
    name = one.path.rpartition("/")[2].removesuffix(".py")
    return Entry(
        revision=one.revision,
        name=name,
        description=next(iter(one.doc.strip().split("\n\n")[0].splitlines()), ""),
        path=shown(one.path),
        parents=tuple(sorted(one.down_revision)),
        depends_on=tuple(sorted(one.depends_on)),
        is_head=not children,
        is_branch_point=children > 1,
        is_merge_point=len(one.down_revision) > 1,
    )
