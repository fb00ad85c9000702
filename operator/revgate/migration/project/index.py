"""What an image knows of its revisions before it reads them: written once when it is built, and checked at each start.

The index lies beside the configuration, and speaks for that one. It is not used when a file that it speaks of has
changed, is missing or has come to be; see `_is_as_written` for what is compared. Only the standard library is imported
here, and little of it: a run that has nothing to do is over in the time that this takes.
"""

from __future__ import annotations

import json
import os

from revgate.migration.project.listing import is_revision_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from revgate.migration.project.catalog import Catalog

NAME = "revgate.index"
_VERSION = 3
_SECOND = 1_000_000_000  # nanoseconds
_ABSENT = (-1, 0)


class Summary:
    """What is known of a project without reading its revisions."""

    def __init__(
        self,
        heads: tuple[str, ...],
        digest: str,
        floors: Sequence[str],
        version_table: str,
        rows: str = "",
        locations: Sequence[str] = (),
    ) -> None:
        self.heads = heads
        self.digest = digest  # of the only head; "" when there are several
        self.floors = floors  # the revisions that have one
        self.version_table = version_table  # "" when only env.py knows
        self.rows = rows  # JSON of the revisions, as `catalog_entries` has them; "" where there is no index
        self.locations = locations  # folders of the revision files


def summary_of(catalog: Catalog, version_table: str) -> Summary:
    """Return what an index would say of a catalogue."""
    heads = catalog.heads
    digest = catalog.digests()[heads[0]] if len(heads) == 1 else ""
    floors = [revision for revision, one in catalog.headers.items() if one.floor]
    return Summary(heads, digest, floors, version_table)


def write_index(place: str, files: Sequence[str], locations: Sequence[str], found: Summary, rows: str) -> str:
    """Write the index of a project and return its path.

    Args:
        place: the configuration, or the folder of the bundled scripts with a slash at its end.
        files: whatever else decides what the project is, whether it exists or not: the configuration, env.py.
        locations: the folders of the revision files.
        found: what those say.
        rows: what `catalog_entries` makes of them.
    """
    folder, config = _split(place)
    named = [os.path.relpath(file, folder) for file in files]
    folders = [os.path.relpath(location, folder) for location in locations]
    words = {
        "revgate": _VERSION,
        "config": config,
        "files": [named, *_as_kept(_states(folder, named))],
        "heads": found.heads,
        "digest": found.digest,
        "floors": found.floors,
        "version_table": found.version_table,
    }
    path = os.path.join(folder, NAME)  # noqa: PTH118  see above
    with open(path, "w", encoding="utf-8") as file:  # noqa: PTH123  see above
        listings = [[one, *_listing(os.path.join(folder, one))] for one in folders]  # noqa: PTH118  see above
        file.write("\n".join((json.dumps(words), json.dumps(listings), rows, "")))
    return path


def read_index(place: str) -> Summary | None:
    """Return what the index beside a configuration says, or None when there is none that is true of it today."""
    folder, config = _split(place)
    try:
        with open(os.path.join(folder, NAME), encoding="utf-8") as file:  # noqa: PTH118, PTH123  see above
            head, listings, rows = file.read().split("\n", 2)
            written = os.fstat(file.fileno()).st_mtime_ns
        words = json.loads(head)
        if (words["revgate"], words["config"]) != (_VERSION, config):
            return None
        named, *kept = words["files"]
        if not _is_as_written(_states(folder, named), kept, written):
            return None
        locations = []
        for location, names, *kept in json.loads(listings):
            locations.append(os.path.join(folder, location))  # noqa: PTH118  see above
            if _names(locations[-1]) != names or not _is_as_written(_states(locations[-1], names), kept, written):
                return None
        heads, digest, floors, table = (words[key] for key in ("heads", "digest", "floors", "version_table"))
        return Summary(tuple(heads), str(digest), list(floors), str(table), rows, locations)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _split(place: str) -> tuple[str, str]:
    folder, config = os.path.split(place)
    return folder or ".", config


def _listing(folder: str) -> tuple[list[str], list[int], list[int]]:
    names = _names(folder)
    return names, *_as_kept(_states(folder, names))


def _names(folder: str) -> list[str]:
    return sorted(filter(is_revision_file, os.listdir(folder)))  # noqa: PTH208  see above


def _states(folder: str, names: Sequence[str]) -> list[tuple[int, int]]:
    """Return bytes and nanoseconds of each file in, or seen from, a folder."""
    at = os.open(folder, os.O_RDONLY)  # with it a stat of thousands takes two thirds of the time
    try:
        return [_state(name, at) for name in names]
    finally:
        os.close(at)


def _state(name: str, at: int) -> tuple[int, int]:
    try:
        found = os.stat(name, dir_fd=at)
    except FileNotFoundError:
        return _ABSENT
    return found.st_size, found.st_mtime_ns


def _as_kept(states: Sequence[tuple[int, int]]) -> tuple[list[int], list[int]]:
    return [size for size, _ in states], [time // _SECOND for _, time in states]


def _is_as_written(states: Sequence[tuple[int, int]], kept: Sequence[list[int]], written: int) -> bool:
    """Say whether files are still those that an index was made of, by their sizes and times; `written` is the index's.

    Who changes a file, or puts another one in its place, gives it another size or another time: that of the change,
    which is later than the index, or that of the other file, which is not the one that is kept. Whole seconds are
    kept, for the layers of an image have no more. A builder of images may have set everything new to one time, and the
    index with it: that one is as good as the one that is kept. To pass by this, somebody has to set a time by hand.
    """
    sizes, seconds = kept
    now_sizes, now_seconds = _as_kept(states)
    if now_sizes != sizes or any(time > written for _, time in states):
        return False
    return now_seconds == seconds or all(
        now in {then, written // _SECOND} for now, then in zip(now_seconds, seconds, strict=True)
    )
