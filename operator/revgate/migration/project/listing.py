"""Which files of a folder are revisions, as Alembic has it; light, for an index is checked before all is loaded."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def revision_files(folders: Sequence[str], *, recursive: bool) -> Iterator[os.DirEntry[str]]:
    """Yield the files that Alembic would import, in its order."""
    for folder in folders:
        yield from _files(folder, recursive=recursive)


def is_revision_file(name: str) -> bool:
    """Whether Alembic would import a file of that name."""
    return name.endswith(".py") and not name.startswith((".#", "__init__"))


def _files(folder: str, *, recursive: bool) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        if is_revision_file(entry.name) and entry.is_file():
            yield entry
    for entry in entries if recursive else ():
        if entry.is_dir() and entry.name != "__pycache__":
            yield from _files(entry.path, recursive=True)
