"""One revision while it is written down: what it raises stays with it."""

import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from alembic.runtime.migration import RevisionStep
from alembic.script import Script, ScriptDirectory
from alembic.util import CommandError

from revgate.migration.output.wording import first_line
from revgate.migration.rendering.offline import NeedsDatabase, Pad

_ONLY_THEN: Final = "its SQL is known only when it runs"


class RenderedStep(RevisionStep):
    """A step of Alembic's whose function cannot stop the others."""

    def __init__(self, directory: ScriptDirectory, revision: str, pad: Pad, *, is_upgrade: bool) -> None:
        self.revision_map = directory.revision_map
        self.revision: Script = directory.get_revision(revision)
        self.is_upgrade = is_upgrade
        self.migration_fn = self._run
        self.trouble = ""
        self._pad = pad

    @property
    def name(self) -> str:
        """Return which way it goes."""
        return "upgrade" if self.is_upgrade else "downgrade"

    @property
    def file(self) -> str:
        """Return the name of the revision's file."""
        return Path(self.revision.path).name

    @property
    def source(self) -> str:
        """Return the file as its code names it."""
        return str(self.revision.module.__file__)

    def merge_branch_idents(self, heads: set[str]) -> tuple[list[str], str, str]:
        """Return what Alembic does, in an order that is the same in every process."""
        deleted, updated, to = super().merge_branch_idents(heads)
        *first, last = sorted([*deleted, updated])
        return first, last, to

    def unmerge_branch_idents(self, heads: set[str]) -> tuple[str, str, tuple[str, ...]]:
        """Return what Alembic does, in an order that is the same in every process."""
        updated, to, inserted = super().unmerge_branch_idents(heads)
        *first, last = sorted([*inserted, to])
        return updated, last, tuple(first)

    def _run(self, **given: Any) -> None:
        function = getattr(self.revision.module, self.name, None)
        if function is None:
            self.trouble = f"Revision {self.revision.revision} ({self.file}) has no {self.name}()"
            return
        try:
            function(**given)
        except (Exception, SystemExit) as error:  # noqa: BLE001  it is theirs, and told with its line
            self.trouble = self._meaning(error)
        if self._pad.wanted is not None:
            self.trouble = self._meaning(self._pad.wanted)

    def _meaning(self, error: BaseException) -> str:
        frames = self._pad.frames or traceback.extract_tb(error.__traceback__)
        name, place = f"Revision {self.revision.revision}", self._place(frames)
        if isinstance(error, NeedsDatabase):
            return f"{name} {error} ({place}): {_ONLY_THEN}"
        if isinstance(error, sa.exc.NoInspectionAvailable) or _wants_to_reflect(error):
            return f"{name} inspects the database ({place}): {_ONLY_THEN}"
        return f"{name} raised {first_line(error).rstrip('.')} ({place}) when it was written down without a database"

    def _place(self, frames: Iterable[traceback.FrameSummary]) -> str:
        path = Path(self.revision.path).resolve()
        lines = [frame.lineno for frame in frames if Path(frame.filename).resolve() == path]
        return f"line {lines[-1]} of {self.file}" if lines else self.file


def _wants_to_reflect(error: BaseException) -> bool:
    """Whether a batch operation must read the table that it copies."""
    return isinstance(error, CommandError) and "live database connection" in str(error)
