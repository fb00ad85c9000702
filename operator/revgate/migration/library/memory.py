"""What a question need not ask env.py again: which history an engine and a configuration lead to.

Only one migration of a process can be at work, and env.py is a part of it. A health check must not wait for that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from revgate.migration.look import Project, look_at_project, look_at_scripts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqlalchemy import Engine
    from sqlalchemy.ext.asyncio import AsyncEngine

    from revgate.migration.database import Sessions
    from revgate.migration.project.scripts import Scripts

_PROJECTS: Final[WeakKeyDictionary[Engine | AsyncEngine, dict[tuple[object, ...], Project]]] = WeakKeyDictionary()


class Memory:
    """The project of one engine, one configuration and what env.py is told, as it was last seen by any runner."""

    def __init__(self, engine: Engine | AsyncEngine, config: Path | None, x_args: Sequence[str] = ()) -> None:
        self._engine = engine
        self._config = config
        self._key = (config, *x_args)

    def look_anew(self, scripts: Scripts, target: str, sessions: Sessions) -> Project:
        """Return the project as env.py has it now, and remember it."""
        project = look_at_project(scripts, target, sessions)
        _PROJECTS.setdefault(self._engine, {})[self._key] = project
        return project

    def look_before_run(self, scripts: Scripts, target: str, sessions: Sessions) -> Project:
        """Return the project as env.py has it now; the bundled one says nothing that the scripts do not say."""
        return self.look_anew(scripts, target, sessions) if self._config else look_at_scripts(scripts, sessions)

    def look(self, scripts: Scripts, target: str, sessions: Sessions) -> Project:
        """Return the project, asking env.py only if it is a user's and nobody has asked it before."""
        known = _PROJECTS.get(self._engine, {}).get(self._key)
        if known is not None:
            return known
        if self._config is None:
            return look_at_scripts(scripts, sessions)
        return self.look_anew(scripts, target, sessions)
