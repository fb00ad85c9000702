"""The revisions of the scripts as values: read once, where env.py has set the scene, or refused with file and line."""

import os
import threading
import warnings
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from alembic.script import Script, ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util import CommandError

from revgate.contract.serves import Edge
from revgate.migration.errors import BrokenScripts, MigrationError, NoScripts
from revgate.migration.output.places import shown
from revgate.migration.output.wording import first_line
from revgate.migration.project.blame import blame_file
from revgate.migration.project.headers import REPEATABLE, checksum_of
from revgate.migration.project.lazy import LazyScript, read_lazily

_READING: Final = threading.Lock()
"""Two threads that catch warnings leave the process without any: each puts back what the other has set."""


@dataclass(frozen=True, slots=True)
class Known:
    """One revision of the scripts: its place in the graph, and the file that it came from."""

    edge: Edge
    location: str  # of the file
    checksum: str
    is_repeatable: bool = False  # upgrade() may be run again from its beginning after it failed half-way

    @property
    def path(self) -> Path:
        """Return where the file is."""
        return Path(self.location)

    @property
    def file(self) -> str:
        """Return the file's name."""
        return self.location.rpartition(os.sep)[2]  # thousands of Path objects take a while

    @property
    def stem(self) -> str:
        """Return the file's name without its ending: 0005_exchange_rate_events_archive."""
        return self.path.stem


@dataclass(frozen=True, slots=True)
class Revisions:
    """All revisions of the scripts. Heads are those that no other one follows, depends_on not counted."""

    known: Mapping[str, Known]
    heads: tuple[str, ...]

    @property
    def edges(self) -> dict[str, Edge]:
        """Return the graph."""
        return {revision: known.edge for revision, known in self.known.items()}


def read_revisions(directory: ScriptDirectory, place: str = "") -> Revisions:
    """Return what the revision files say; those that say it plainly are not imported before they run.

    Args:
        directory: of the scripts.
        place: what an index lies beside that may speak for them, "" to read the files themselves.

    Raises:
        BrokenScripts: naming the file and the line.
        NoScripts: if there is no revision at all.
    """
    read_lazily(directory, place)
    with _READING, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            scripts = list(directory.walk_revisions())
            known = {script.revision: _known(script) for script in scripts}
        except MigrationError:
            raise
        except (Exception, SystemExit) as error:
            raise _broken(directory, error, [str(one.message) for one in caught]) from error
    duplicated = next((text for one in caught if "present more than once" in (text := str(one.message))), "")
    if duplicated:
        raise BrokenScripts(_duplicates(directory) or duplicated)
    if not scripts:
        raise NoScripts(f"Script location {shown(directory.dir)} has no revisions: build the image with its versions")
    return Revisions(known, tuple(sorted(directory.get_heads())))


def import_revisions(directory: ScriptDirectory, revisions: Iterable[str]) -> list[Script]:
    """Import the files of revisions that are about to run, and return them: a fault in the last one stops the first.

    Raises:
        BrokenScripts: naming the file and the line.
    """
    scripts = [directory.get_revision(revision) for revision in revisions]
    for script in scripts:
        assert script.module is not None
    return scripts


def blame_revision_file(directory: ScriptDirectory, error: BaseException) -> MigrationError | None:
    """Return the fault of a revision file that `error` shows while files are imported, or None if it shows none."""
    return blame_file(error, [Path(folder) for folder in _folders(directory)])


def _known(script: Script) -> Known:
    # The only place where depends_on is resolved to full ids; there is no public name for it
    parents = tuple(sorted(script._all_down_revisions))  # noqa: SLF001
    if isinstance(script, LazyScript):
        header = script.header
        return Known(Edge(script.revision, parents, header.floor), script.path, header.checksum, header.is_repeatable)
    floor = getattr(script.module, "serves_from", "") or ""
    if not isinstance(floor, str):
        raise BrokenScripts(f"Revision file {shown(script.path)} sets serves_from to no string: quote the revision")
    repeatable = getattr(script.module, REPEATABLE, False)
    if not isinstance(repeatable, bool):
        raise BrokenScripts(
            f"Revision file {shown(script.path)} sets {REPEATABLE} to {repeatable!r}: write True or False"
        )
    # Bytecode is another one in each build: nobody can say whether it was edited
    checksum = "" if script.path.endswith("c") else checksum_of(Path(script.path).read_bytes())
    return Known(Edge(script.revision, parents, floor), script.path, checksum, repeatable)


def _broken(directory: ScriptDirectory, error: BaseException, warned: Sequence[str]) -> MigrationError:
    blamed = blame_revision_file(directory, error)
    if blamed:
        return blamed
    missing = next((text for text in warned if "is not present" in text), "")
    if isinstance(error, KeyError) and missing:
        return BrokenScripts(f"{missing}: add the missing revision file, or mend down_revision or depends_on")
    if isinstance(error, (RevisionError, CommandError)):
        return BrokenScripts(f"The revision files are no history: {first_line(error)}")
    return BrokenScripts(f"The revision files could not be read: {first_line(error)}")


def _folders(directory: ScriptDirectory) -> Sequence[str]:
    return list(directory.version_locations or [str(Path(directory.dir) / "versions")])


def _duplicates(directory: ScriptDirectory) -> str:
    """Return which files claim the same id."""
    files = defaultdict(list)
    for script in directory._load_revisions():  # noqa: SLF001  the map has forgotten all but one of them
        files[script.revision].append(shown(script.path))
    for revision, paths in sorted(files.items()):
        if len(paths) > 1:
            return f"Revision {revision} is in several files, {' and '.join(sorted(paths))}: give one of them a new id"
    return ""
