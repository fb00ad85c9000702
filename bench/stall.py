"""How long an app stands still while a migration waits: the longest stall of readers during an ALTER behind a reader.

A report reads a table in a transaction, and goes on for so long after the ALTER TABLE of the migration has begun to
wait for it. Whoever reads the table meanwhile waits behind the ALTER, unless that gives way. Each contender gets a
database of its own; they take turns.

    python bench/stall.py [--seconds 4] [--rounds 3] [--json build/bench-stall.json]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.servers import Database, Server, running_server  # noqa: E402  the path comes first

MOST = 0.6  # seconds that revgate may make readers wait
READERS = 4
ENDS_WITHIN = 120.0
NOTICED = 0.05  # a read that takes longer has stood still
WAITING = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'orders'::regclass AND mode = 'AccessExclusiveLock'"
ENVIRONMENT = """import os
from alembic import context
from sqlalchemy import create_engine

with create_engine(os.environ["DATABASE_URL"]).connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
"""
REVISION = """import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade():
    op.add_column("orders", sa.Column("note", sa.Text))
"""


@dataclass(frozen=True)
class Figure:
    """What readers of the table met while one contender ran; seconds."""

    longest: float  # of one read
    stalled: float  # all reads of one reader that stood still, together
    upgrade: float  # the contender's whole process


def main() -> int:
    """Measure, print and keep; 1 when readers stood still for too long."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=4.0, help="how long the report goes on (default: 4)")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each contender (default: 3)")
    parser.add_argument("--json", type=Path, default=ROOT / "build/bench-stall.json", help="where the figures go")
    options = parser.parse_args()
    figures: dict[str, list[Figure]] = {}
    with running_server(15) as server, tempfile.TemporaryDirectory() as folder:
        project = prepare(Path(folder))
        for _ in range(options.rounds):
            for name, command in commands(project).items():
                figures.setdefault(name, []).append(measure(server, command, project, options.seconds))
    worst = show(figures, options.seconds)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(
        json.dumps({name: [asdict(one) for one in runs] for name, runs in figures.items()}, indent=1)
    )
    return int(worst > MOST)


def prepare(folder: Path) -> Path:
    """Write the project whose one revision alters the table."""
    versions = folder / "migrations/versions"
    versions.mkdir(parents=True)
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\n")
    (folder / "migrations/env.py").write_text(ENVIRONMENT)
    (versions / "0001.py").write_text(REVISION)
    return folder


def commands(project: Path) -> dict[str, list[str]]:
    """Return what is compared, plain Alembic first."""
    own = Path(sys.executable).parent
    ini = str(project / "alembic.ini")
    return {
        "alembic upgrade head": [str(own / "alembic"), "-c", ini, "upgrade", "head"],
        "revgate upgrade head": [sys.executable, "-m", "revgate", "-c", ini, "upgrade", "head"],
        "revgate job": [sys.executable, "-m", "revgate", "job"],
    }


def measure(server: Server, command: list[str], project: Path, seconds: float) -> Figure:
    """Run one contender on a table that a report and some readers use."""
    database = server.new_database()
    try:
        database.query("CREATE TABLE orders AS SELECT n AS id FROM generate_series(1, 1000) AS n")
        with closing(database.connect(autocommit=False)) as report, readers(database) as waits:
            report.execute("SELECT count(*) FROM orders")
            began = time.perf_counter()
            process = start(command, database, project)
            await_waiting(database, process)
            threading.Event().wait(seconds)
            report.commit()
            _, said = process.communicate(timeout=ENDS_WITHIN)
            upgrade = time.perf_counter() - began
        if process.returncode:
            raise SystemExit(f"{' '.join(command)} failed: {said.decode()[-2000:]}")
        return Figure(max(map(max, waits)), max(sum(one for one in each if one > NOTICED) for each in waits), upgrade)
    finally:
        server.drop_database(database)


def start(command: list[str], database: Database, project: Path) -> "subprocess.Popen[bytes]":
    """Start a contender with both of our names for the database in its environment."""
    dropped = ("REVGATE_", "DATABASE_", "PG")
    clean = {key: value for key, value in os.environ.items() if not key.startswith(dropped)}
    words = clean | {"DATABASE_URL": database.sqlalchemy_url, "REVGATE_DATABASE_URL": database.url}
    return subprocess.Popen(command, cwd=project, env=words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def await_waiting(database: Database, process: "subprocess.Popen[bytes]") -> None:
    """Return when the ALTER waits for the report."""
    with closing(database.connect()) as watcher:
        while not watcher.execute(WAITING).fetchall():
            if process.poll() is not None:
                raise SystemExit(f"The contender ended too early: {process.communicate()[1].decode()[-2000:]}")
            time.sleep(0.005)


@contextmanager
def readers(database: Database) -> Iterator[list[list[float]]]:
    """Read the table again and again, and note how long each read took."""
    waits: list[list[float]] = [[] for _ in range(READERS)]
    enough = threading.Event()

    def read(mine: list[float]) -> None:
        with closing(database.connect()) as connection:
            while not enough.wait(0.01):
                began = time.perf_counter()
                connection.execute("SELECT id FROM orders LIMIT 1").fetchall()
                mine.append(time.perf_counter() - began)

    threads = [threading.Thread(target=read, args=(mine,)) for mine in waits]
    for thread in threads:
        thread.start()
    try:
        yield waits
    finally:
        enough.set()
        for thread in threads:
            thread.join()


def show(figures: dict[str, list[Figure]], seconds: float) -> float:
    """Print a table of the worst of each, and return what revgate made readers wait at most."""
    rounds = len(next(iter(figures.values())))
    print(f"ALTER TABLE behind a report that goes on for {seconds:g} s, PostgreSQL 15; seconds, the worst of {rounds}")
    print(f"{'':24}{'longest stall':>15}{'stalled in all':>16}{'upgrade done in':>17}")
    for name, runs in figures.items():
        worst = [max(getattr(one, what) for one in runs) for what in ("longest", "stalled", "upgrade")]
        print(f"{name:24}{worst[0]:15.2f}{worst[1]:16.2f}{worst[2]:17.2f}")
    print(f"To reach: at most {MOST} s of revgate")
    return max(one.longest for name, runs in figures.items() if name.startswith("revgate") for one in runs)


if __name__ == "__main__":
    sys.exit(main())
