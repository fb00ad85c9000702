"""An Alembic project of a user's own: as Alembic's template makes it, or with a few revisions written by a test."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent, indent

from alembic import command
from alembic.config import Config

_ENVIRONMENT = """
    from alembic import context

    context.configure(connection=context.config.attributes["connection"])
    with context.begin_transaction():
        context.run_migrations()
"""


@dataclass(frozen=True)
class Project:
    """A folder with a configuration file, env.py and revision files."""

    config: Path
    versions: Path

    @property
    def env(self) -> Path:
        return self.versions.parent / "env.py"

    def chain(self, *revisions: str) -> "Project":
        """Add revisions that follow one another, each with a table of its own."""
        for down, revision in zip((None, *revisions), revisions, strict=False):
            self.add(revision, down)
        return self

    def add(
        self, revision: str, down: str | Sequence[str] | None = None, up: str = "", undo: str | None = ""
    ) -> "Project":
        """Add a revision: the table t_ID is made and dropped, or what is given is done; None for no downgrade()."""
        make = f"op.create_table('t_{revision}', sa.Column('id', sa.Integer, primary_key=True))"
        lines = [
            "import sqlalchemy as sa",
            "from alembic import op",
            f"revision = {revision!r}",
            f"down_revision = {down!r}",
            "def upgrade():",
            indent(dedent(up).strip() or make, "    "),
        ]
        if undo is not None:
            lines += ["def downgrade():", indent(dedent(undo).strip() or f"op.drop_table('t_{revision}')", "    ")]
        (self.versions / f"{revision}_change.py").write_text("\n".join(lines) + "\n")
        return self


def make_project(folder: Path, env: str = _ENVIRONMENT) -> Project:
    """Return a project without revisions, whose env.py takes the connection that it is handed."""
    versions = folder / "migrations" / "versions"
    versions.mkdir(parents=True)
    (versions.parent / "env.py").write_text(dedent(env))
    config = folder / "alembic.ini"
    config.write_text("[alembic]\nscript_location = %(here)s/migrations\n")
    return Project(config, versions)


def init_project(folder: Path, template: str, url: str = "") -> Project:
    """Return what `alembic init` makes, with nothing edited but sqlalchemy.url."""
    folder.mkdir()
    ini, toml = folder / "alembic.ini", folder / "pyproject.toml"
    is_toml = template.startswith("pyproject")
    config = Config(ini, toml_file=toml if is_toml else None, stdout=io.StringIO(), output_buffer=io.StringIO())
    command.init(config, str(folder / "migrations"), template=template)
    if url:
        text = ini.read_text()
        assert "driver://user:pass@localhost/dbname" in text
        ini.write_text(text.replace("driver://user:pass@localhost/dbname", url.replace("%", "%%")))
    return Project(toml if is_toml else ini, folder / "migrations" / "versions")
