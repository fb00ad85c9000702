"""What an upgrade costs: 0001 -> 0008 on a ledger with a million lines, by psql, by Alembic and by revgate.

Every contender gets a copy of the same database at 0001, in turns, so that a busy machine is busy for all of them. The
server logs how long each statement took: that is the time in SQL, and the rest of the wall clock is overhead. psql runs
the SQL that the revisions were rendered to: nothing can be faster than it.

    python bench/upgrade.py [--lines 1000000] [--rounds 3]
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

import psycopg  # noqa: E402  the path comes first
from psycopg import sql  # noqa: E402

from support.servers import Database, Server, running_server  # noqa: E402

DURATION = re.compile(r"^(\S+) LOG:  duration: ([\d.]+) ms", re.MULTILINE)
DATA = """
    INSERT INTO currencies (code, name) VALUES ('EUR', 'Euro');
    INSERT INTO accounts (code, name, type, currency_code)
        SELECT n::text, 'Account ' || n, 'asset', 'EUR' FROM generate_series(1, 1000) n;
    INSERT INTO journals (description, entry_date)
        SELECT 'Journal ' || n, date '2025-01-01' + n % 300 FROM generate_series(1, {journals}) n;
    INSERT INTO transaction_lines (journal_id, account_id, amount, currency_code)
        SELECT 1 + n % {journals}, 1 + n % 1000, (n % 2000 - 1000) / 7.0, 'EUR' FROM generate_series(1, {lines}) n;
    ANALYZE;
"""


@dataclass(frozen=True)
class Figure:
    """Seconds of one run."""

    wall: float
    in_sql: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=1_000_000, help="transaction lines (default: 1000000)")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each contender (default: 3)")
    options = parser.parse_args()
    with running_server(15) as server, tempfile.TemporaryDirectory() as folder:
        server.query("ALTER SYSTEM SET log_duration = on")
        server.query("ALTER SYSTEM SET log_line_prefix = '%d '")
        server.query("SELECT pg_reload_conf()")
        template = prepare(server, options.lines)
        script = Path(folder) / "upgrade.sql"
        script.write_text(run(["revgate", "upgrade", "head", "--sql", "--bundled"], at(template)).stdout)
        contenders = commands(script)
        figures: dict[str, list[Figure]] = {name: [] for name in contenders}
        for _ in range(options.rounds):
            for name, command in contenders.items():
                figures[name].append(measure(server, template, command))
    show(figures, options.lines)


def commands(script: Path) -> dict[str, Callable[[Database], None]]:
    """Return what is compared, the floor first."""
    return {
        "psql, the same SQL": lambda db: check(["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-f", str(script), db.url], {}),
        "alembic upgrade head": lambda db: check(["alembic", "upgrade", "head"], at(db)),
        "revgate upgrade head": lambda db: check(["revgate", "upgrade", "head", "--bundled"], at(db)),
        "revgate job": lambda db: check(["revgate", "job", "--bundled"], {"REVGATE_DATABASE_URL": db.url}),
    }


def prepare(server: Server, lines: int) -> Database:
    """Return a database at 0001 with its rows."""
    template = server.new_database("bench_template")
    run(["revgate", "upgrade", "0001", "--bundled"], at(template))
    with closing(template.connect()) as connection:
        connection.execute(DATA.format(lines=lines, journals=max(1, lines // 4)))
    return template


def measure(server: Server, template: Database, command: Callable[[Database], None]) -> Figure:
    """Run one contender on a copy."""
    with copy_of(server, template) as database:
        log = server.postmaster.log
        position, began = log.stat().st_size, time.perf_counter()
        command(database)
        wall = time.perf_counter() - began
        said = log.read_bytes()[position:].decode(errors="replace")
        return Figure(wall, sum(float(ms) for name, ms in DURATION.findall(said) if name == database.name) / 1000)


@contextmanager
def copy_of(server: Server, template: Database) -> Iterator[Database]:
    """Yield a copy that nobody has touched, with everything written to disk."""
    name = "bench_copy"
    with closing(superuser(server)) as connection:
        copied, owner = sql.Identifier(name), sql.Identifier(template.user)
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(copied, sql.Identifier(template.name), owner)
        )
        connection.execute("CHECKPOINT")
    try:
        yield Database(template.host, template.port, name, template.user, template.password)
    finally:
        server.query(f"DROP DATABASE {name} WITH (FORCE)")


def superuser(server: Server) -> psycopg.Connection:
    """Return a connection that may copy databases."""
    return psycopg.connect(
        host=server.host,
        port=server.port,
        user=server.superuser,
        password=server.password,
        dbname="postgres",
        autocommit=True,
    )


def at(database: Database) -> dict[str, str]:
    """Return the environment that leads to a database."""
    return {"DATABASE_URL": database.url}


def run(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command of this environment, in the repository."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        command, env={**os.environ, "PATH": path, **environment}, cwd=ROOT, capture_output=True, text=True, check=False
    )


def check(command: list[str], environment: dict[str, str]) -> None:
    """Run a command that must succeed."""
    done = run(command, environment)
    if done.returncode:
        raise SystemExit(f"{command[0]} failed: {done.stderr[-2000:]}")


def show(figures: dict[str, list[Figure]], lines: int) -> None:
    """Print a table of the quickest run of each."""
    best = {name: min(runs, key=lambda figure: figure.wall) for name, runs in figures.items()}
    floor = next(iter(best.values())).wall
    print(
        f"0001 -> 0008 with {lines:,} transaction lines, PostgreSQL 15, quickest of {len(figures[next(iter(figures))])}"
    )
    print(f"{'':24}{'wall':>8}{'in SQL':>9}{'overhead':>10}{'to psql':>9}")
    for name, figure in best.items():
        overhead = figure.wall - figure.in_sql
        print(f"{name:24}{figure.wall:7.2f}s{figure.in_sql:8.2f}s{overhead:9.2f}s{figure.wall / floor:8.2f}x")


if __name__ == "__main__":
    main()
