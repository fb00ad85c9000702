"""Projects of many revisions, one small table each: for Alembic and revgate, for psql, and for the peers."""

import compileall
import subprocess
from dataclasses import dataclass
from pathlib import Path

from processes import own

REVISION = '''"""create t_{at}

Revision ID: {revision}
Revises: {parent}
Create Date: 2026-01-01 00:00:00.000000

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = {revision!r}
down_revision: Union[str, Sequence[str], None] = {parent!r}
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    op.create_table(
        "t_{at}",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("v", sa.Integer()),
        sa.PrimaryKeyConstraint("id"),
    )


def downgrade() -> None:
    op.drop_table("t_{at}")
'''
ENVIRONMENT = """import os
from alembic import context
from sqlalchemy import create_engine

with create_engine(os.environ["DATABASE_URL"]).connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
"""


@dataclass(frozen=True)
class Project:
    """So many revisions in a folder of their own."""

    folder: Path
    revisions: int

    @property
    def head(self) -> str:
        """Return the id of the newest revision."""
        return name_of(self.revisions)


def prepare(folder: Path, revisions: int) -> Project:
    """Write a project for Alembic, compiled and with an index, as in an image, and the SQL of it for psql."""
    versions = folder / "migrations/versions"
    versions.mkdir(parents=True)
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\n")
    (folder / "migrations/env.py").write_text(ENVIRONMENT)
    lines = ["CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);"]
    for at in range(1, revisions + 1):
        name, parent = name_of(at), name_of(at - 1) if at > 1 else None
        (versions / f"{name}_t_{at}.py").write_text(REVISION.format(at=at, revision=name, parent=parent))
        update = f"UPDATE alembic_version SET version_num = '{name}'"  # noqa: S608  numbers
        row = update if parent else f"INSERT INTO alembic_version VALUES ('{name}')"  # noqa: S608  the same
        lines.append(f"BEGIN; {created(at)}; {row}; COMMIT;")
    (folder / "all.sql").write_text("\n".join(lines))
    compileall.compile_dir(folder, quiet=1)
    subprocess.run(own("revgate", "index"), cwd=folder, check=True, capture_output=True)
    return Project(folder, revisions)


def created(at: int) -> str:
    """Return the SQL of a revision."""
    return f"CREATE TABLE t_{at} (id bigint PRIMARY KEY, v integer)"


def name_of(number: int) -> str:
    """Return a revision's id."""
    return f"{number:05}"
