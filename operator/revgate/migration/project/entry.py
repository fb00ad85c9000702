"""One revision as a person reads it: its name, its description and its place in the graph."""

from dataclasses import dataclass
from typing import Any


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
