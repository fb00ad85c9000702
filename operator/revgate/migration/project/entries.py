"""The revisions as a person reads them, the oldest first."""

import re
from collections import defaultdict
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

from alembic.script import Script, ScriptDirectory

from revgate.migration.environment.stdout_kept import stdout_kept
from revgate.migration.output.places import shown
from revgate.migration.project.entry import Entry
from revgate.migration.project.graph import newest_first
from revgate.migration.project.revision_files import revision_paths
from revgate.migration.project.revisions import read_revisions

_WORD: Final = re.compile(r"[A-Za-z0-9]+")


def read_entries(directory: ScriptDirectory) -> tuple[Entry, ...]:
    """Import every revision file and return them, parents before children.

    Raises:
        MigrationError: if one of them is broken, or there is none.
    """
    with stdout_kept():  # a file that prints when it is imported does not answer
        revisions = read_revisions(directory)
    order = reversed(newest_first(revisions.heads, revisions.edges))
    scripts = {script.revision: script for script in directory.walk_revisions()}
    return tuple(_entry(scripts[edge.revision], directory) for edge in order)


def names_by_file(directory: ScriptDirectory) -> Callable[[str], str]:
    """Return what gives a revision the name of the one file that has its id in the name, or else its id.

    No file is imported, and the folder is read once.
    """
    stems = defaultdict(list)
    for path in revision_paths(directory):
        for word in set(_WORD.findall(path.stem)):
            stems[word].append(path.stem)

    @cache
    def name(revision: str) -> str:
        first = _WORD.search(revision)
        found = stems.get(first[0], []) if first else []
        if first and first[0] != revision:  # an id such as 2024-01, of several words
            exact = re.compile(rf"(?<![A-Za-z0-9]){re.escape(revision)}(?![A-Za-z0-9])")
            found = [stem for stem in found if exact.search(stem)]
        return found[0] if len(found) == 1 else revision

    return name


def _entry(script: Script, directory: ScriptDirectory) -> Entry:
    path = Path(script.path)
    return Entry(
        revision=script.revision,
        name=path.stem,
        description=next(iter(script.doc.splitlines()), ""),
        path=shown(path),
        parents=_full(script._versioned_down_revisions, directory),  # noqa: SLF001  no public name has a tuple
        depends_on=_full(script.dependencies, directory),
        labels=tuple(sorted(script.branch_labels)),
        is_head=script.is_head,
        is_branch_point=script.is_branch_point,
        is_merge_point=script.is_merge_point,
    )


def _full(revisions: str | list[str] | tuple[str, ...] | None, directory: ScriptDirectory) -> tuple[str, ...]:
    """Return full ids: a dependency may be a branch label or a shortened id."""
    given = (revisions,) if isinstance(revisions, str) else tuple(revisions or ())
    return tuple(sorted({script.revision for one in given for script in directory.get_revisions(one)}))
