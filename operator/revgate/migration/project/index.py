"""What an image knows of its revisions before it reads them: written once when it is built, and checked at each start.

The index lies beside the configuration. It is not used when any file that it speaks of has another size, is newer than
the index, is missing or has come to be. Only the standard library is imported here, and little of it: a run that has
nothing to do is over in the time that this takes.
"""

from __future__ import annotations

import hashlib
import json
import os

from revgate.migration.project.listing import revision_files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from revgate.migration.project.catalog import Catalog

NAME = "revgate.index"
_VERSION = 1
_SAME_TIME = 2.0  # seconds: an image keeps no fractions of a second, and some file systems only even ones


class Summary:
    """What is known of a project without reading its revisions."""

    def __init__(
        self,
        heads: tuple[str, ...],
        digest: str,
        floors: Sequence[str],
        version_table: str,
        locations: Sequence[str] = (),
    ) -> None:
        self.heads = heads
        self.digest = digest  # of the only head; "" when there are several
        self.floors = floors  # the revisions that have one
        self.version_table = version_table  # "" when only env.py knows
        self.locations = locations  # folders of the revision files


def summary_of(catalog: Catalog, version_table: str) -> Summary:
    """Return what an index would say of a catalogue."""
    heads = catalog.heads
    digest = catalog.digests()[heads[0]] if len(heads) == 1 else ""
    floors = [revision for revision, one in catalog.headers.items() if one.floor]
    return Summary(heads, digest, floors, version_table)


def write_index(
    folder: str, files: Sequence[str], locations: Sequence[str], catalog: Catalog, version_table: str
) -> str:
    """Write the index of a project into a folder and return its path.

    Args:
        folder: where the configuration is.
        files: whatever else decides what the project is: the configuration, env.py.
        locations: the folders of the revision files.
        catalog: what they say.
        version_table: its name, where env.py leaves it and its schema alone.
    """
    found = summary_of(catalog, version_table)
    words = {
        "revgate": _VERSION,
        "files": [[os.path.relpath(file, folder), os.stat(file).st_size] for file in files],  # noqa: PTH116  see above
        "locations": [os.path.relpath(location, folder) for location in locations],
        "listing": _listing(locations, None),
        "heads": found.heads,
        "digest": found.digest,
        "floors": found.floors,
        "version_table": found.version_table,
    }
    path = os.path.join(folder, NAME)  # noqa: PTH118  see above
    with open(path, "w", encoding="utf-8") as file:  # noqa: PTH123  see above
        file.write(json.dumps(words) + "\n")
    return path


def read_index(folder: str) -> Summary | None:
    """Return what the index in a folder says, or None when there is none that is true today."""
    path = os.path.join(folder, NAME)  # noqa: PTH118  see above
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123  see above
            words = json.load(file)
            until = os.fstat(file.fileno()).st_mtime + _SAME_TIME
        return _summary(words, folder, until)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _summary(words: Mapping[str, object], folder: str, until: float) -> Summary | None:
    match words:
        case {
            "revgate": 1,
            "files": list(files),
            "locations": list(locations),
            "listing": str(listing),
            "heads": list(heads),
            "digest": str(digest),
            "floors": list(floors),
            "version_table": str(version_table),
        }:
            places = [os.path.join(folder, location) for location in locations]  # noqa: PTH118  see above
            if all(_is_as_it_was(folder, file, until) for file in files) and _listing(places, until) == listing:
                return Summary(tuple(heads), digest, floors, version_table, places)
    return None


def _is_as_it_was(folder: str, file: Sequence[object], until: float) -> bool:
    name, size = file
    found = os.stat(os.path.join(folder, str(name)))  # noqa: PTH116, PTH118  see above
    return found.st_size == size and found.st_mtime <= until


def _listing(locations: Sequence[str], until: float | None) -> str:
    """Return a digest of names and sizes; "" when a file is newer than `until`."""
    digest = hashlib.sha256()
    for entry in revision_files(locations, recursive=False):
        found = entry.stat()
        if until is not None and found.st_mtime > until:
            return ""
        digest.update(f"{entry.name}\0{found.st_size}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()
