"""A project for each habit: its env.py, a few revisions, the application that they belong to."""

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from environments.side import Side
from revgate import MigrationRunner

HERE = Path(__file__).parent
CREATE = "op.create_table('t_{revision}', sa.Column('id', sa.Integer, primary_key=True))"
BROKEN = "op.create_table('t_half', sa.Column('id', sa.Integer))\nop.execute('SELECT nonsense')"
REVISIONS = ("a1", "a2", "a3")


@dataclass(frozen=True)
class Project:
    """A folder with alembic.ini, migrations/env.py, revision files and the application's module."""

    folder: Path
    location: str = "versions"  # of the revisions, below migrations/
    head: str = ""  # of each revision file
    file: str = "alembic.ini"

    @property
    def config(self) -> Path:
        return self.folder / self.file

    def revision(
        self,
        revision: str,
        down: Any = None,
        body: str = "",
        *,
        head: str = "",
        after: str = "",
        undo: str = "",
        **words: Any,
    ) -> "Project":
        """Add a revision, or write it anew; by default it makes the table t_ID."""
        values = {"revision": revision, "down_revision": down, **words}
        lines = [
            "import sqlalchemy as sa",
            "from alembic import op",
            *(f"{name} = {value!r}" for name, value in values.items()),
            dedent(head or self.head),
            "def upgrade(**_):",
            indent(
                dedent(body).strip()
                or f"op.create_table('t_{revision}', sa.Column('id', sa.Integer, primary_key=True))",
                "    ",
            ),
        ]
        lines.append(after)
        if undo:
            lines += ["def downgrade():", indent(dedent(undo), "    ")]
        versions = self.folder / "migrations" / self.location
        versions.mkdir(parents=True, exist_ok=True)
        (versions / f"{revision}_change.py").write_text("\n".join(lines) + "\n")
        return self

    def chain(self, *revisions: str) -> "Project":
        for down, revision in zip((None, *revisions), revisions, strict=False):
            self.revision(revision, down)
        return self

    def use(self) -> None:
        """Let the test import the application, as Alembic's prepend_sys_path would."""
        sys.path.insert(0, str(self.folder))

    def runner(self, side: Side, **options: Any) -> MigrationRunner[sa.Engine, None]:
        return MigrationRunner(side.engine(), self.config, **options)


def make_project(folder: Path, env: str = "handed_connection", ini: str = "", **words: str) -> Project:
    """Return a project without revisions, with the env.py of that name, or of that text."""
    migrations = folder / "migrations"
    migrations.mkdir(parents=True)
    named = HERE / "habits" / f"{env}.py"
    (migrations / "env.py").write_text(env if "\n" in env else named.read_text())
    shutil.copy(HERE / "shop.py", folder)
    path = "" if "path_separator" in ini else "path_separator = os\nprepend_sys_path = %(here)s\n"
    (folder / "alembic.ini").write_text(f"[alembic]\nscript_location = %(here)s/migrations\n{path}{dedent(ini)}")
    return Project(folder, **words)


def settings_of(side: Side) -> None:
    """Let the application's settings name a database."""
    os.environ.update(SHOP_URL=side.text, SHOP_ASYNC_URL=side.async_text, DATABASE_URL=side.text)


def upgrade_plainly(project: Project, side: Side) -> None:
    """Do what a program does that hands its connection to Alembic, and a person who has the URL in alembic.ini."""
    settings_of(side)
    toml = str(project.config) if project.file.endswith(".toml") else None
    config = Config(str(project.folder / "alembic.ini"), toml_file=toml)
    if not config.get_main_option("sqlalchemy.url"):
        config.set_main_option("sqlalchemy.url", side.text.replace("%", "%%"))
    with side.engine().connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "heads")
