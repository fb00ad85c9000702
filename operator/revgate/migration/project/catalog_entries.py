"""What the headers of a simple project's files say, and the rows that an index keeps of it."""

import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence

from revgate.migration.output.places import shown
from revgate.migration.project.catalog import Catalog
from revgate.migration.project.entry import Entry
from revgate.migration.project.graph import newest_first
from revgate.migration.project.headers import Header


def entries_of(catalog: Catalog) -> tuple[Entry, ...]:
    """Return the entries, parents before children, in the order of read_entries."""
    return tuple(
        _entry(shown(one.path), one.revision, _first_line(one), one.down_revision, one.depends_on, children)
        for one, children in _in_order(catalog)
    )


def encode_rows(catalog: Catalog, locations: Sequence[str]) -> str:
    """Return the same and the headers as JSON in one line: each file by the number of its location and its name."""
    numbers = {location: number for number, location in enumerate(locations)}
    rows = []
    for one, children in _in_order(catalog):
        folder, name = os.path.split(one.path)
        entry = name, one.revision, _first_line(one), one.down_revision, one.depends_on, children
        rows.append([numbers[folder], *entry, one.floor, one.is_repeatable, one.checksum])
    return json.dumps(rows)


def decode_rows(rows: str, locations: Sequence[str]) -> tuple[Entry, ...]:
    """Return the entries that were encoded, of the same locations."""
    folders = [shown(os.path.join(location, "_"))[:-1] for location in locations]  # noqa: PTH118  as Alembic gives them
    return tuple(_entry(folders[number] + name, *words[:5]) for number, name, *words in json.loads(rows))


def decode_headers(rows: str, locations: Sequence[str]) -> Iterator[Header]:
    """Yield the headers that were encoded, in the order in which Alembic reads the files, without their docstrings."""
    for number, name, revision, _, down_revision, depends_on, _, floor, is_repeatable, checksum in sorted(
        json.loads(rows)
    ):
        yield Header(
            path=f"{locations[number]}{os.sep}{name}",
            revision=revision,
            down_revision=tuple(down_revision),
            depends_on=tuple(depends_on),
            branch_labels=(),  # whoever has some gets no index
            floor=floor,
            is_repeatable=is_repeatable,
            doc=None,
            checksum=checksum,
        )


def _in_order(catalog: Catalog) -> Iterator[tuple[Header, int]]:
    """Yield each revision, parents before children, and how many follow it."""
    children = Counter(parent for one in catalog.headers.values() for parent in one.down_revision)
    for edge in reversed(newest_first(catalog.heads, catalog.edges)):
        yield catalog.headers[edge.revision], children[edge.revision]


def _first_line(one: Header) -> str:
    return next(iter((one.doc or "").strip().split("\n\n")[0].splitlines()), "")


def _entry(
    path: str, revision: str, description: str, parents: Sequence[str], depends_on: Sequence[str], children: int
) -> Entry:
    return Entry(
        revision=revision,
        name=path.rpartition("/")[2].removesuffix(".py"),
        description=description,
        path=path,
        parents=tuple(sorted(parents)),
        depends_on=tuple(sorted(depends_on)),
        is_head=not children,
        is_branch_point=children > 1,
        is_merge_point=len(parents) > 1,
    )
