"""The revisions of the scripts as values: read once, where env.py has set the scene, or refused with file and line."""

import hashlib
import re
import threading
import traceback
import warnings
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from alembic.script import Script, ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util import CommandError

from revgate.contract.serves import Edge
from revgate.migration.errors import BrokenScripts, MigrationError, NoScripts
from revgate.migration.output.wording import first_line
from revgate.migration.project.scripts import shown

_FLOOR: Final = re.compile(rb"^serves_from\b.*\n?", re.MULTILINE)

_READING: Final = threading.Lock()
"""Two threads that catch warnings leave the process without any: each puts back what the other has set."""


@dataclass(frozen=True, slots=True)
class Known:
    """One revision of the scripts: its place in the graph, and the file that it came from."""

    edge: Edge
    path: Path
    checksum: str

    @property
    def file(self) -> str:
        """Return the file's name."""
        return self.path.name

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


def read_revisions(directory: ScriptDirectory) -> Revisions:
    """Import every revision file and return what they say.

    Raises:
        BrokenScripts: naming the file and the line.
        NoScripts: if there is no revision at all.
    """
    with _READING, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            scripts = list(directory.walk_revisions())
        except (Exception, SystemExit) as error:
            raise _broken(directory, error, [str(one.message) for one in caught]) from error
    duplicated = next((text for one in caught if "present more than once" in (text := str(one.message))), "")
    if duplicated:
        raise BrokenScripts(_duplicates(directory) or duplicated)
    if not scripts:
        raise NoScripts(f"Script location {shown(directory.dir)} has no revisions: build the image with its versions")
    return Revisions({script.revision: _known(script) for script in scripts}, tuple(sorted(directory.get_heads())))


def blame_revision_file(directory: ScriptDirectory, error: BaseException) -> MigrationError | None:
    """Return the fault of a revision file that `error` shows while files are imported, or None if it shows none."""
    place = _place(directory, error)
    if place is None:
        return None
    path, line = place
    text = error.msg if isinstance(error, SyntaxError) else first_line(error)
    return BrokenScripts(f"Revision file {shown(path)} could not be imported, line {line}: {text}; mend it and rebuild")


def _known(script: Script) -> Known:
    floor = getattr(script.module, "serves_from", "") or ""
    if not isinstance(floor, str):
        raise BrokenScripts(f"Revision file {shown(script.path)} sets serves_from to no string: quote the revision")
    # The only place where depends_on is resolved to full ids; there is no public name for it
    parents = tuple(sorted(script._all_down_revisions))  # noqa: SLF001
    path = Path(script.path)
    return Known(Edge(script.revision, parents, floor), path, checksum_of(path.read_bytes()))


def checksum_of(content: bytes) -> str:
    """Return the SHA-256 of a revision file, the same for both kinds of line ends and with any floor or none.

    A floor is often found out later, for a revision that is applied long since, and changes nothing in the database.
    """
    return hashlib.sha256(_FLOOR.sub(b"", content.replace(b"\r\n", b"\n"))).hexdigest()


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


def _place(directory: ScriptDirectory, error: BaseException) -> tuple[str, int] | None:
    """Return the deepest line of a revision file that the error came through."""
    folders = [Path(folder).resolve() for folder in _folders(directory)]
    frames = [(frame.filename, frame.lineno or 0) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename:
        frames.append((error.filename, error.lineno or 0))
    ours = [(name, line) for name, line in frames if any(Path(name).resolve().is_relative_to(at) for at in folders)]
    return ours[-1] if ours else None


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
