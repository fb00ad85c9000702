"""What a gate costs whose database is already there: `revgate wait` beside `alembic current` and psql, whole processes.

They take turns in every round, so that a busy machine is busy for all of them; compare medians, or the quickest where
the machine was busy. Two histories, a short and a long one, each with its ledger: what a gate costs must not depend on
that. An older release is one whose revision lies below the head, so that the ledger is read.

    python bench/wait.py [--rounds 21] [--revisions 10 5000] [--json build/bench-wait.json]
"""

import argparse
import json
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from processes import GNU_TIME, ROOT, Figures, environment, memory_of, timed

sys.path.insert(0, str(ROOT / "tests"))

from support.gate import LEDGER
from support.servers import DEBIAN_BINARIES, Database, Server, running_server

FLOORS = {"alembic": 0.12, "psql": 2.5}  # the most that a gate may cost of each
MOST_MEGABYTES = 25

REVISION = """revision = {revision!r}
down_revision = {parent!r}


def upgrade():
    pass
"""
ENVIRONMENT = """import os
from alembic import context
from sqlalchemy import create_engine

with create_engine(os.environ["DATABASE_URL"]).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""


@dataclass(frozen=True)
class History:
    """A project with so many revisions, and a database that is at its head."""

    revisions: int
    folder: Path
    database: Database

    @property
    def head(self) -> str:
        """Return the id of the newest revision."""
        return name_of(self.revisions)

    @property
    def commands(self) -> dict[str, list[str]]:
        """Return what is compared: the two that a gate is measured by come first."""
        select = ["-qXAtc", "SELECT version_num FROM alembic_version"]
        own = Path(sys.executable).parent
        return {
            "psql": [str(DEBIAN_BINARIES / "psql"), *select, self.database.url],
            "alembic current": [str(own / "alembic"), "-c", str(self.folder / "alembic.ini"), "current"],
            "revgate wait": [str(own / "revgate"), "wait", "--requires", self.head],
            "python -m revgate wait": [sys.executable, "-m", "revgate", "wait", "--requires", self.head],
            "revgate wait, older release": [str(own / "revgate"), "wait", "--requires", name_of(1)],
        }


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=21, help="runs of each command (default: 21)")
    parser.add_argument("--revisions", type=int, nargs="+", default=[10, 5000], help="histories (default: 10 5000)")
    parser.add_argument("--json", type=Path, default=ROOT / "build/bench-wait.json", help="where the figures go")
    options = parser.parse_args()
    with running_server(15) as server, tempfile.TemporaryDirectory() as folder:
        histories = [prepare(server, Path(folder) / str(count), count) for count in options.revisions]
        figures = measure(histories, options.rounds)
    show(figures, options.rounds)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    kept = {f"{name}, {count} revisions": asdict(one) for (name, count), one in figures.items()}
    options.json.write_text(json.dumps(kept, indent=1))


def prepare(server: Server, folder: Path, revisions: int) -> History:
    """Write a linear history, and a database that is at its head with every revision in the ledger."""
    versions = folder / "migrations/versions"
    versions.mkdir(parents=True)
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\n")
    (folder / "migrations/env.py").write_text(ENVIRONMENT)
    for at in range(1, revisions + 1):
        parent = name_of(at - 1) if at > 1 else None
        (versions / f"{name_of(at)}.py").write_text(REVISION.format(revision=name_of(at), parent=parent))
    database = server.new_database(f"bench_wait_{revisions}")
    database.query("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
    database.query("INSERT INTO alembic_version VALUES (%s)", name_of(revisions))
    database.query("CREATE SCHEMA revgate")
    database.query(LEDGER.format(name="revgate.revision_log"))
    database.query(
        "INSERT INTO revgate.revision_log (version_table_schema, version_table, revision, parents) "
        "SELECT 'public', 'alembic_version', to_char(n, 'FM00000'), "
        "CASE n WHEN 1 THEN '[]' ELSE '[\"' || to_char(n - 1, 'FM00000') || '\"]' END FROM generate_series(1, %s) n",
        revisions,
    )
    return History(revisions, folder, database)


def name_of(number: int) -> str:
    """Return a revision's id."""
    return f"{number:05}"


def measure(histories: list[History], rounds: int) -> dict[tuple[str, int], Figures]:
    """Run every command once a round, after one round that is not counted: it compiles and fills the caches."""
    figures = {(name, history.revisions): Figures() for name in histories[0].commands for history in histories}
    for number in range(rounds + 1):
        for (name, count), one in figures.items():
            history = next(history for history in histories if history.revisions == count)
            wall, cpu = timed(history.commands[name], words_for(history.database))
            if number:
                one.wall.append(wall)
                one.cpu.append(cpu)
            elif GNU_TIME:
                one.memory.append(memory_of(history.commands[name], words_for(history.database)))
    return figures


def words_for(database: Database) -> dict[str, str]:
    """Return the environment that leads to the database."""
    return environment(DATABASE_URL=database.sqlalchemy_url)  # Alembic takes SQLAlchemy's spelling, as a gate does


def show(figures: dict[tuple[str, int], Figures], rounds: int) -> None:
    """Print a table: milliseconds, and how often what a gate is measured by fits into it."""
    print(f"Satisfied at the first look, PostgreSQL 15, {rounds} rounds in turns; milliseconds, MB")
    print(f"{'':42}{'wall median':>12}{'min':>8}{'CPU':>8}{'MB':>7}{'to alembic':>12}{'to psql':>9}")
    for (name, count), one in figures.items():
        walls = [median(figures[other, count].wall) for other in ("alembic current", "psql")]
        ratios = [median(one.wall) / wall for wall in walls]
        memory = f"{one.memory[0]:7.1f}" if one.memory else f"{'-':>7}"
        print(
            f"{f'{name}, {count} revisions':42}{median(one.wall):12.1f}{min(one.wall):8.1f}{median(one.cpu):8.1f}"
            f"{memory}{ratios[0]:11.3f}x{ratios[1]:8.2f}x"
        )
    print(f"To reach: at most {FLOORS['alembic']}x alembic current, {FLOORS['psql']}x psql, {MOST_MEGABYTES} MB")


if __name__ == "__main__":
    main()
