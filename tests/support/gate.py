"""A real `revgate wait` in a process of its own, watched by what it says; and the ledger that it reads."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.servers import Database

WITHIN = 60.0  # seconds: five other test runs may be beside us

LEDGER = """
CREATE TABLE {name} (
  version_table_schema text NOT NULL, version_table text NOT NULL, revision text NOT NULL, parents text NOT NULL,
  checksum text NOT NULL DEFAULT '', floor text NOT NULL DEFAULT '', state text NOT NULL DEFAULT 'applied',
  started_at timestamptz, finished_at timestamptz, image text, job text, owner text, runner text,
  PRIMARY KEY (version_table_schema, version_table, revision))
"""

HISTORY = (("0005", "[]", ""), ("0006", '["0005"]', ""), ("0007", '["0006"]', "0006"), ("0008", '["0007"]', ""))


@dataclass(frozen=True)
class Gate:
    """A gate that waits, or has ended."""

    process: subprocess.Popen[bytes]
    log: Path
    message: Path

    @property
    def lines(self) -> list[str]:
        return self.log.read_text().splitlines()

    def says(self, words: str) -> str:
        """Wait for a line with these words and return it."""
        deadline = time.monotonic() + WITHIN
        while not (found := [line for line in self.lines if words in line]):
            state = f"exit {self.process.poll()}, it said {self.lines}"
            assert time.monotonic() < deadline, f"The gate did not say {words!r}: {state}"
            assert self.process.poll() is None or words in self.log.read_text(), f"The gate ended early: {state}"
            time.sleep(0.02)
        return found[-1]

    def ends(self) -> int:
        """Wait for the end and return the exit code."""
        try:
            return self.process.wait(timeout=WITHIN)
        except subprocess.TimeoutExpired as error:
            raise AssertionError(f"The gate did not end, it said {self.lines}") from error

    def stop(self) -> int:
        """Ask the gate to stop, as a kubelet does, and return the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.ends()


@contextmanager
def waiting(
    folder: Path,
    url: str,
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    python: Sequence[str] = (sys.executable,),
) -> Iterator[Gate]:
    """Start a gate that looks often; it ends with the block at the latest."""
    log, message = folder / "log", folder / "message"
    log.unlink(missing_ok=True)
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("REVGATE_", "DATABASE_", "PG"))}
    given = {"REVGATE_DATABASE_URL": url} if url else {}
    command = [*python, "-m", "revgate", "wait", "--interval", "50ms", *arguments]
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            command,
            env=clean | {"REVGATE_TERMINATION_MESSAGE": str(message)} | given | dict(environment or {}),
            stdout=subprocess.DEVNULL,
            stderr=stderr,
        )
    try:
        yield Gate(process, log, message)
    finally:
        process.kill()
        process.wait()


def migrated(database: Database, *heads: str, schema: str = "public", table: str = "alembic_version") -> None:
    """Put the database where Alembic would have left it."""
    database.query(f'CREATE TABLE IF NOT EXISTS "{schema}"."{table}" (version_num varchar(32) PRIMARY KEY)')
    database.query(f'DELETE FROM "{schema}"."{table}"')
    for head in heads:
        database.query(f'INSERT INTO "{schema}"."{table}" VALUES (%s)', head)


def recorded(database: Database, upto: str, *, table: str = "revgate.revision_log", schema: str = "public") -> None:
    """Put the ledger where a runner would have left it after the bundled revisions up to one of them."""
    if table.startswith("revgate."):
        database.query("CREATE SCHEMA IF NOT EXISTS revgate")
    if not database.query("SELECT to_regclass(%s)", table)[0][0]:
        database.query(LEDGER.format(name=table))
    for revision, parents, floor in HISTORY:
        if revision <= upto:
            database.query(
                f"INSERT INTO {table} (version_table_schema, version_table, revision, parents, floor) "
                "VALUES (%s, 'alembic_version', %s, %s, %s) ON CONFLICT DO NOTHING",
                *(schema, revision, parents, floor),
            )
