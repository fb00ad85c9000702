"""The revisions as a person reads them: names, descriptions and places in the graph, the oldest first."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic.script import Script, ScriptDirectory

from revgate.migration.environment.stdout_kept import stdout_kept
from revgate.migration.project.graph import newest_first
from revgate.migration.project.revision_files import revision_paths
from revgate.migration.project.revisions import read_revisions
from revgate.migration.project.scripts import shown


@dataclass(frozen=True, slots=True)
class Entry:
    """One revision. Parents and dependencies are full ids."""

    revision: str
    name: str  # the file's name without its suffix, such as 0006_add_journal_idempotency_key
    description: str
    path: str
    parents: tuple[str, ...] = ()  # down_revision
    depends_on: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()  # of a branch
    is_head: bool = False
    is_branch_point: bool = False
    is_merge_point: bool = False

    @property
    def marks(self) -> str:
        """Return what Alembic writes behind a revision, each with a space before it."""
        heading = (self.is_head, "head"), (self.is_branch_point, "branchpoint"), (self.is_merge_point, "mergepoint")
        words = [*self.labels, *(word for holds, word in heading if holds)]
        return "".join(f" ({word})" for word in words)

    def as_json(self) -> dict[str, Any]:
        """Return the entry for --json."""
        return {
            "revision": self.revision,
            "name": self.name,
            "description": self.description,
            "file": self.path,
            "parents": self.parents,
            "depends_on": self.depends_on,
            "branch_labels": self.labels,
            "head": self.is_head,
        }


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


def name_by_file(directory: ScriptDirectory, revision: str) -> str:
    """Return the name of the one file that has the id in its name, or else the id; no file is imported."""
    word = re.compile(rf"(?<![A-Za-z0-9]){re.escape(revision)}(?![A-Za-z0-9])")
    found = [path.stem for path in revision_paths(directory) if word.search(path.stem)]
    return found[0] if len(found) == 1 else revision


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
