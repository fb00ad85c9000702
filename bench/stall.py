"""How long an app stands still while a migration waits: the longest stall of readers during an ALTER behind a reader.

A report reads a table in a transaction, and goes on for so long after the ALTER TABLE of the migration has begun to
wait for it. Whoever reads the table meanwhile waits behind the ALTER, unless that gives way. Each contender gets a
database of its own; they take turns.

    python bench/stall.py [--quick]
"""

import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from alone import run_alone
from contenders import ALEMBIC, JOB, UPGRADE
from processes import Database, own, words_for
from projects import ENVIRONMENT
from sizes import Size
from tables import Floor, Results, Table

from support.servers import Server, running_server

MOST = 0.6  # seconds that revgate may make readers wait
READERS = 4
ENDS_WITHIN = 120.0
NOTICED = 0.05  # a read that takes longer has stood still
WAITING = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'orders'::regclass AND mode = 'AccessExclusiveLock'"
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


def measure(size: Size) -> Results:
    """Measure every contender."""
    figures: dict[str, list[Figure]] = {}
    with running_server(15) as server, tempfile.TemporaryDirectory() as folder:
        project = prepare(Path(folder))
        for _ in range(size.stall_rounds):
            for name, command in commands().items():
                figures.setdefault(name, []).append(run(server, command, project, size.report))
    kept = {name: [asdict(one) for one in runs] for name, runs in figures.items()}
    return Results([table(figures, size.report)], list(floors(figures)), kept)


def prepare(folder: Path) -> Path:
    """Write the project whose one revision alters the table."""
    versions = folder / "migrations/versions"
    versions.mkdir(parents=True)
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\n")
    (folder / "migrations/env.py").write_text(ENVIRONMENT)
    (versions / "0001.py").write_text(REVISION)
    return folder


def commands() -> dict[str, list[str]]:
    """Return what is compared, plain Alembic first."""
    return {
        ALEMBIC: own("alembic", "upgrade", "head"),
        UPGRADE: own("revgate", "upgrade"),
        JOB: own("revgate", "job"),
    }


def run(server: Server, command: list[str], project: Path, seconds: float) -> Figure:
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
    return subprocess.Popen(
        command, cwd=project, env=words_for(database), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )


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


def table(figures: Mapping[str, Sequence[Figure]], seconds: float) -> Table:
    """Return the worst of each."""
    rows = []
    for name, runs in figures.items():
        worst = [max(getattr(one, what) for one in runs) for what in ("longest", "stalled", "upgrade")]
        rows.append([name, *(f"{value:.2f}" for value in worst)])
    return Table(
        "How long readers stand still",
        f"ALTER TABLE waits behind a report that goes on for {seconds:g} s; everybody who reads the table waits behind "
        "the ALTER. Seconds, the worst of all rounds.",
        ("longest stall", "stalled in all", "upgrade done in"),
        rows,
    )


def floors(figures: Mapping[str, Sequence[Figure]]) -> Iterator[Floor]:
    """Yield what is to be reached."""
    for name in (UPGRADE, JOB):
        yield Floor(f"readers' longest stall, {name}", MOST, max(one.longest for one in figures[name]), unit=" s")


if __name__ == "__main__":
    run_alone(measure, __doc__)
