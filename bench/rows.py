"""What an upgrade costs: 0001 -> 0008 on a ledger with a million lines, by psql, by Alembic and by revgate.

Every contender gets a copy of the same database at 0001, in turns, so that a busy machine is busy for all of them. The
server logs how long each statement took: that is the time in SQL, and the rest of the wall clock is overhead. psql runs
the SQL that the revisions were rendered to: nothing can be faster than it.

    python bench/rows.py [--quick]
"""

import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import psycopg
from alone import run_alone
from contenders import ALEMBIC, JOB, PSQL, UPGRADE
from processes import ROOT, Database, own, psql, timed, words_for
from psycopg import sql
from sizes import Size
from tables import Floor, Results, Table

from support.servers import Server, running_server

MOST_IN_SQL, MOST_SECONDS_BESIDE = 1.05, 0.5
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
    cpu: float

    @property
    def beside(self) -> float:
        """Return the time that was not spent in SQL."""
        return self.wall - self.in_sql


def measure(size: Size) -> Results:
    """Measure every contender."""
    with running_server(15) as server, tempfile.TemporaryDirectory() as folder:
        for setting in ("log_duration = on", "log_line_prefix = '%d '"):
            server.query(f"ALTER SYSTEM SET {setting}")
        server.query("SELECT pg_reload_conf()")
        template = prepare(server, size.lines)
        script = Path(folder) / "upgrade.sql"
        script.write_text(rendered(template))
        contenders = commands(script)
        figures: dict[str, list[Figure]] = {name: [] for name in contenders}
        for _ in range(size.lines_rounds):
            for name, command in contenders.items():
                figures[name].append(run(server, template, command))
    kept = {name: [asdict(one) for one in runs] for name, runs in figures.items()}
    return Results([table(figures, size.lines)], list(floors(figures)), kept)


def commands(script: Path) -> dict[str, list[str]]:
    """Return what is compared, the floor first."""
    return {
        PSQL: psql("-f", str(script)),
        ALEMBIC: own("alembic", "upgrade", "head"),
        UPGRADE: own("revgate", "upgrade", "--bundled"),
        JOB: own("revgate", "job", "--bundled"),
    }


def prepare(server: Server, lines: int) -> Database:
    """Return a database at 0001 with its rows."""
    template = server.new_database("bench_template")
    timed(own("revgate", "upgrade", "0001", "--bundled"), words_for(template))
    with closing(template.connect()) as connection:
        connection.execute(DATA.format(lines=lines, journals=max(1, lines // 4)))
    return template


def rendered(template: Database) -> str:
    """Return the SQL of what the database lacks."""
    words = own("revgate", "upgrade", "head", "--sql", "--bundled")
    return subprocess.run(
        words, env=words_for(template), cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def run(server: Server, template: Database, command: Sequence[str]) -> Figure:
    """Run one contender on a copy."""
    with copy_of(server, template) as database:
        log = server.postmaster.log
        position = log.stat().st_size
        wall, cpu = timed(command, words_for(database))
        said = log.read_bytes()[position:].decode(errors="replace")
        in_sql = sum(float(ms) for name, ms in DURATION.findall(said) if name == database.name)
        return Figure(wall / 1000, in_sql / 1000, cpu / 1000)


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


def table(figures: Mapping[str, Sequence[Figure]], lines: int) -> Table:
    """Return the medians."""
    floor = middle(figures[PSQL], "wall")
    rows = []
    for name, runs in figures.items():
        wall, in_sql, beside, cpu = (middle(runs, what) for what in ("wall", "in_sql", "beside", "cpu"))
        rows.append([name, *(f"{value:.2f}" for value in (wall, in_sql, beside, cpu)), f"{wall / floor:.2f}x"])
    return Table(
        f"{lines:,} rows",
        "The bundled revisions 0001 → 0008 on a ledger with so many transaction lines; seconds, medians. psql runs the "
        "same SQL. In SQL is what the server says that the statements took.",
        ("wall", "in SQL", "beside it", "CPU", "to psql"),
        rows,
    )


def floors(figures: Mapping[str, Sequence[Figure]]) -> Iterator[Floor]:
    """Yield what is to be reached."""
    for name in (UPGRADE, JOB):
        ratio = middle(figures[name], "in_sql") / middle(figures[PSQL], "in_sql")
        yield Floor(f"rows, {name}, time in SQL, to psql", MOST_IN_SQL, ratio)
        beside, cpu = middle(figures[name], "beside"), middle(figures[name], "cpu")
        yield Floor(f"rows, {name}, beside SQL", MOST_SECONDS_BESIDE, beside, cpu, " s")


def middle(runs: Sequence[Figure], what: str) -> float:
    """Return the median of one of the figures."""
    return median(getattr(one, what) for one in runs)


if __name__ == "__main__":
    run_alone(measure, __doc__)
