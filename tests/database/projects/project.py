"""Small Alembic projects that a user could have, built in a test's own folder."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent, indent

ENVIRONMENTS = Path(__file__).parent / "environments"
CREATE_TABLE = "op.create_table('t_{id}', sa.Column('id', sa.Integer, primary_key=True))"


@dataclass(frozen=True)
class Project:
    """A folder with alembic.ini, migrations/env.py and revision files."""

    folder: Path

    @property
    def versions(self) -> Path:
        return self.folder / "migrations" / "versions"

    def revision(
        self,
        revision: str,
        down: str | Sequence[str] | None = None,
        body: str = "",
        *,
        depends_on: str | None = None,
        label: str | None = None,
        head: str = "",
    ) -> "Project":
        """Add a revision; by default it creates the table t_ID."""
        lines = [
            "import sqlalchemy as sa",
            "from alembic import op",
            "import time",
            f"revision = {revision!r}",
            f"down_revision = {down!r}",
            f"branch_labels = {label!r}",
            f"depends_on = {depends_on!r}",
            dedent(head),
            "def upgrade():",
            indent(dedent(body).strip() or CREATE_TABLE.format(id=revision.replace(".", "_")), "    "),
            "def downgrade():",
            "    raise NotImplementedError",
        ]
        (self.versions / f"{revision}_change.py").write_text("\n".join(lines) + "\n")
        return self

    def chain(self, *revisions: str) -> "Project":
        """Add revisions that follow one another."""
        for down, revision in zip((None, *revisions), revisions, strict=False):
            self.revision(revision, down)
        return self

    def without(self, *revisions: str) -> "Project":
        """Remove revision files, as an older image has them not."""
        for revision in revisions:
            (self.versions / f"{revision}_change.py").unlink()
        return self

    def copy(self, name: str) -> "Project":
        return Project(Path(shutil.copytree(self.folder, self.folder.parent / name)))


def make_project(folder: Path, environment: str = "generic", ini: str = "") -> Project:
    """Return an empty project whose env.py is the named one of `environments`."""
    (folder / "migrations" / "versions").mkdir(parents=True)
    (folder / "alembic.ini").write_text(f"[alembic]\nscript_location = %(here)s/migrations\n{dedent(ini)}")
    shutil.copy(ENVIRONMENTS / f"{environment}.py", folder / "migrations" / "env.py")
    return Project(folder)
