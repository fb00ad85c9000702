"""What many revisions cost: all of them on an empty database, and none of them on one that has them.

Each revision makes one small table. psql runs the same statements and the same row of the version table, one
transaction each, with fsync on: nothing can be faster than it but who waits for the disk less often. Alembic runs with
transaction_per_migration, for its default cannot apply 5,000 at once (max_locks_per_transaction). Contenders take turns
in every round, so that a busy machine is busy for all of them.

    python bench/revisions.py [--revisions 10 100 1000] [--rounds 3] [--json build/bench-revisions.json]
"""

import argparse
import compileall
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from processes import GNU_TIME, ROOT, Figures, environment, memory_of, timed

sys.path.insert(0, str(ROOT / "tests"))

from support.servers import DEBIAN_BINARIES, Database, Server, running_server

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
APPLIED, NOTHING = "from empty", "nothing to do"


@dataclass(frozen=True)
class Project:
    """So many revisions in a folder of their own, compiled and with an index, as in an image."""

    folder: Path
    revisions: int

    def applying(self) -> dict[str, list[str]]:
        """Return who applies them all; psql is the floor."""
        return {
            "psql": psql("-v", "ON_ERROR_STOP=1", "-f", "all.sql"),
            "alembic upgrade head": self.program("alembic", "upgrade", "head"),
            "revgate upgrade": self.program("revgate", "upgrade"),
            "revgate job": self.program("revgate", "job"),
        }

    def asking(self) -> dict[str, list[str]]:
        """Return who finds that there is nothing to do."""
        return {
            "psql": psql("-c", "SELECT version_num FROM alembic_version"),
            "alembic current": self.program("alembic", "current"),
            "alembic upgrade head": self.program("alembic", "upgrade", "head"),
            "revgate upgrade": self.program("revgate", "upgrade"),
            "revgate job": self.program("revgate", "job"),
            "revgate current": self.program("revgate", "current"),
            "revgate pending": self.program("revgate", "pending"),
            "revgate history": self.program("revgate", "history"),
        }

    def program(self, name: str, *words: str) -> list[str]:
        """Return a command of this environment."""
        return [str(Path(sys.executable).parent / name), *words]


def psql(*words: str) -> list[str]:
    """Return psql itself; Debian's `psql` is a wrapper that takes longer than it."""
    return [str(DEBIAN_BINARIES / "psql"), "-qXAt", *words]


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--revisions", type=int, nargs="+", default=[10, 100, 1000], help="(default: 10 100 1000)")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each command (default: 3)")
    parser.add_argument("--json", type=Path, default=ROOT / "build/bench-revisions.json", help="where the figures go")
    options = parser.parse_args()
    kept = {}
    with running_server(15) as server, tempfile.TemporaryDirectory() as folder:
        server.query("ALTER SYSTEM SET fsync = on")
        server.query("SELECT pg_reload_conf()")
        for count in options.revisions:
            project = prepare(Path(folder) / str(count), count)
            for name, figures in (
                (APPLIED, apply_all(server, project, options.rounds)),
                (NOTHING, find_nothing(server, project, options.rounds * 3)),
            ):
                show(f"{count} revisions, {name}", figures)
                kept[f"{count} {name}"] = {key: asdict(one) for key, one in figures.items()}
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(kept, indent=1))


def prepare(folder: Path, revisions: int) -> Project:
    """Write a project and the SQL of it."""
    versions = folder / "migrations/versions"
    versions.mkdir(parents=True)
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\n")
    (folder / "migrations/env.py").write_text(ENVIRONMENT)
    lines = ["CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);"]
    for at in range(1, revisions + 1):
        name, parent = f"{at:05}", f"{at - 1:05}" if at > 1 else None
        (versions / f"{name}_t_{at}.py").write_text(REVISION.format(at=at, revision=name, parent=parent))
        update = f"UPDATE alembic_version SET version_num = '{name}'"  # noqa: S608  numbers
        row = update if parent else f"INSERT INTO alembic_version VALUES ('{name}')"  # noqa: S608  the same
        lines.append(f"BEGIN; CREATE TABLE t_{at} (id bigint PRIMARY KEY, v integer); {row}; COMMIT;")
    (folder / "all.sql").write_text("\n".join(lines))
    compileall.compile_dir(folder, quiet=1)
    project = Project(folder, revisions)
    subprocess.run(project.program("revgate", "index"), cwd=folder, check=True, capture_output=True)
    return project


def apply_all(server: Server, project: Project, rounds: int) -> dict[str, Figures]:
    """Run each contender on an empty database, in turns."""
    figures = {name: Figures() for name in project.applying()}
    for _ in range(rounds):
        for name, command in project.applying().items():
            database = server.new_database()
            note(figures[name], command, project, database)
            server.drop_database(database)
    return figures


def find_nothing(server: Server, project: Project, rounds: int) -> dict[str, Figures]:
    """Run each contender on a database that is at the head, in turns; one round is not counted."""
    database = server.new_database()
    note(Figures(), project.program("revgate", "upgrade"), project, database)
    figures = {name: Figures() for name in project.asking()}
    for number in range(rounds + 1):
        for name, command in project.asking().items():
            note(figures[name] if number else Figures(), command, project, database)
    for name, command in project.asking().items() if GNU_TIME else ():
        figures[name].memory.append(memory_of(command, words_for(database), project.folder))
    server.drop_database(database)
    return figures


def note(figures: Figures, command: Sequence[str], project: Project, database: Database) -> None:
    """Run a command and note what it took."""
    wall, cpu = timed(command, words_for(database), project.folder)
    figures.wall.append(wall)
    figures.cpu.append(cpu)


def words_for(database: Database) -> dict[str, str]:
    """Return the environment that leads each contender to the database."""
    return environment(
        DATABASE_URL=database.sqlalchemy_url,
        REVGATE_DATABASE_URL=database.url,
        PGHOST=database.host,
        PGPORT=str(database.port),
        PGDATABASE=database.name,
        PGUSER=database.user,
        PGPASSWORD=database.password,
    )


def show(title: str, figures: dict[str, Figures]) -> None:
    """Print a table: milliseconds, and how often Alembic and psql fit into it."""
    rounds = len(next(iter(figures.values())).wall)
    print(f"{title}; PostgreSQL 15, fsync on, {rounds} rounds in turns; milliseconds, MB")
    print(f"{'':24}{'median':>10}{'min':>10}{'CPU':>10}{'MB':>8}{'to alembic':>12}{'to psql':>10}")
    other = "alembic upgrade head" if title.endswith(APPLIED) else "alembic current"
    for name, one in figures.items():
        beside = "alembic upgrade head" if name in {"revgate upgrade", "revgate job"} else other
        ratios = [median(one.wall) / median(figures[each].wall) for each in (beside, "psql")]
        memory = f"{one.memory[0]:8.1f}" if one.memory else f"{'-':>8}"
        print(
            f"{name:24}{median(one.wall):10.1f}{min(one.wall):10.1f}{median(one.cpu):10.1f}{memory}"
            f"{ratios[0]:11.3f}x{ratios[1]:9.2f}x"
        )
    print(flush=True)


if __name__ == "__main__":
    main()
