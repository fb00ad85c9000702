"""Alembic's own graph of revisions, over files that are imported when they run and not before.

What they are is read off their text, or off an index that is true of them: to open and hash thousands of files takes as
long as to apply hundreds of revisions.
"""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from alembic.script import Script, ScriptDirectory
from alembic.script.revision import Revision, RevisionMap
from alembic.util.pyfiles import load_module_py

from revgate.migration.errors import BrokenScripts
from revgate.migration.output.places import shown
from revgate.migration.project.blame import blame_file
from revgate.migration.project.catalog_entries import decode_headers
from revgate.migration.project.headers import Header, read_header
from revgate.migration.project.index import read_index
from revgate.migration.project.listing import revision_files

_NO_WORD: Final = re.compile(r"\W")


class LazyScript(Script):
    """A revision that is known by its header."""

    def __init__(self, header: Header) -> None:
        self.header = header
        self.path = header.path
        self._module: ModuleType | None = None
        Revision.__init__(
            self,
            header.revision,
            _one_or_several(header.down_revision),
            dependencies=header.depends_on,
            branch_labels=header.branch_labels,
        )

    @property
    def module(self) -> ModuleType:  # type: ignore[override]  # an attribute of Alembic's
        """Import the file, once.

        Raises:
            BrokenScripts: naming the file and the line; or if it then calls itself something else than its text said.
        """
        if self._module is None:
            self._module = self._imported()
        return self._module

    def _imported(self) -> ModuleType:
        name = self.path.rpartition(os.sep)[2]
        try:  # as Alembic's load_python_file, which makes four Path objects for it
            module = load_module_py(_NO_WORD.sub("_", name), self.path)
        except (Exception, SystemExit) as error:
            raise blame_file(error, [Path(self.path)]) or error from error
        if getattr(module, "revision", None) != self.revision:
            text = f"Revision file {shown(self.path)} changes `revision` while it is imported: set it once"
            raise BrokenScripts(text)
        return module

    @property
    def longdoc(self) -> str:
        """Return the docstring."""
        header = self.header if self.header.doc is not None else _header_of(self.path)
        return (header.doc if header and header.doc else "").strip()


class LazyMap(RevisionMap):
    """Marks a graph that we have put in place of Alembic's."""


def read_lazily(directory: ScriptDirectory, place: str) -> None:
    """Let the directory know its revisions by their headers, unless it has imported them by now.

    Args:
        directory: of the scripts.
        place: what an index lies beside, see `index.write_index`; "" when none is to be believed.
    """
    revision_map: Any = directory.revision_map
    # Files without source have no text; and who has taken the whole class apart knows why
    if isinstance(revision_map, LazyMap) or directory.sourceless or type(directory) is not ScriptDirectory:
        return
    if "_revision_map" not in vars(revision_map):
        directory.revision_map = LazyMap(lambda: _scripts(directory, place))


def _scripts(directory: ScriptDirectory, place: str) -> Iterator[Script]:
    locations = [str(folder.resolve()) for folder in directory._version_locations if folder.exists()]  # noqa: SLF001  the public one may hold "package:folder"
    rows = "" if directory.recursive_version_locations else _indexed(place, locations)
    if rows:
        yield from map(LazyScript, decode_headers(rows, locations))
        return
    seen: set[str] = set()
    for entry in revision_files(locations, recursive=directory.recursive_version_locations):
        path = str(Path(entry.path).resolve()) if entry.is_symlink() else entry.path
        if path not in seen:
            seen.add(path)
            yield from _script(directory, path)


def _indexed(place: str, locations: Sequence[str]) -> str:
    """Return the rows of an index that is true of these folders, "" where there is none."""
    found = read_index(place) if place else None
    if found is None or [os.path.realpath(location) for location in found.locations] != locations:
        return ""
    # Alembic imports what a link leads to, which an index does not know
    is_linked = any(entry.is_symlink() for entry in revision_files(locations, recursive=False))
    return "" if is_linked else found.rows


def _script(directory: ScriptDirectory, path: str) -> Iterator[Script]:
    header = _header_of(path)
    script = Script._from_path(directory, Path(path)) if header is None else LazyScript(header)  # noqa: SLF001
    if script is not None:
        yield script


def _header_of(path: str) -> Header | None:
    with open(path, "rb") as file:  # noqa: PTH123  thousands of Path objects are a tenth of a second
        return read_header(path, file.read())


def _one_or_several(revisions: tuple[str, ...]) -> str | tuple[str, ...] | None:
    """Return parents as Alembic's files have them."""
    return revisions[0] if len(revisions) == 1 else revisions or None
