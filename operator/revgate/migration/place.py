"""Where a run is at work."""

from dataclasses import dataclass

from revgate.migration.database import Lock, Sessions
from revgate.migration.look import Project


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run is at work, under the lock."""

    sessions: Sessions
    project: Project
    lock: Lock

    def heads(self) -> tuple[str, ...]:
        """Return what the version table says, from a session that env.py never had."""
        return self.sessions.heads(self.project.history)
