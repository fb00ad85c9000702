"""Running ``python -m revgate job`` as the Job's pod would, and seeing all that it leaves."""

import json
import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from revgate.contract.edges import decode_edges
from revgate.contract.report import Report, decode_report
from revgate.contract.serves import Edge
from revgate.migration.history import History
from support import commands
from support.servers import Database

ENDS_WITHIN = 90.0
CLEAN = {key: value for key, value in os.environ.items() if not key.startswith(("REVGATE_", "DATABASE_", "ALEMBIC_"))}


@dataclass(frozen=True)
class Ended:
    """What a job left."""

    code: int
    out: str
    err: str
    message: str  # the termination message

    @property
    def report(self) -> Report:
        report = decode_report(self.message)
        assert report is not None, self
        assert report.exit == self.code, self
        return report

    @property
    def edges(self) -> tuple[Edge, ...] | None:
        return decode_edges(self.out, self.report.edges)

    @property
    def everything(self) -> str:
        return self.out + self.err + self.message

    def events(self, name: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.err.splitlines() if line.startswith("{")]
        return [line for line in lines if line.get("event") == name]


@dataclass
class Running:
    """A job on its way."""

    process: commands.Started
    report: Path
    err: Path
    out: Path = field(repr=False)

    def end(self) -> Ended:
        try:
            code = self.process.wait(timeout=ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"The job did not end: {self.err.read_text()}") from None
        message = self.report.read_text() if self.report.exists() else ""
        return Ended(code, self.out.read_text(), self.err.read_text(), message)

    def signal(self, number: int) -> None:
        self.process.send_signal(number)


_count = iter(range(10**6))


def start(database: Database | str, folder: Path, *arguments: str, **environ: str) -> Running:
    """Start a job in `folder`, with the database's URL in its environment, and return at once."""
    url = database if isinstance(database, str) else database.url
    place = folder / f".job-{next(_count)}"
    place.mkdir(parents=True)
    report, out, err = place / "report", place / "out", place / "err"
    values = {"REVGATE_DATABASE_URL": url, "REVGATE_TERMINATION_MESSAGE": str(report)}
    words = ("job", *arguments)
    with out.open("w") as to_out, err.open("w") as to_err:
        process = commands.start_into(
            to_out, to_err, "revgate", *words, folder=folder, environ={**CLEAN, **values, **environ}
        )
    return Running(process, report, err, out)


def run(database: Database | str, folder: Path, *arguments: str, **environ: str) -> Ended:
    """Run a job to its end."""
    return start(database, folder, *arguments, **environ).end()


def until(condition: Callable[[], Any], world: Callable[[], Any], seconds: float = 60.0) -> Any:
    """Wait for a condition, and show the world when it does not come true."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"It did not come true within {seconds:.0f} s: {world()}")
        time.sleep(0.05)
    return value


def heads(database: Database) -> list[str]:
    """Return the rows of the version table; none without one."""
    if database.query("SELECT to_regclass('alembic_version')") == [(None,)]:
        return []
    return [row[0] for row in database.query("SELECT version_num FROM alembic_version ORDER BY 1")]


def tables(database: Database) -> list[str]:
    """Return the tables of the schema public that revisions made."""
    found = database.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    return [row[0] for row in found if row[0] not in {"alembic_version", "revgate_revision_log"}]


def key_of(database: Database) -> int:
    """Return the key of the lock of a project with an ordinary version table."""
    return History(database.name, "public", "alembic_version").key


def ledger(database: Database, table: str = "revgate.revision_log") -> dict[str, str]:
    """Return the ledger as revision and state."""
    return dict(database.query(f"SELECT revision, state FROM {table} ORDER BY 1"))
