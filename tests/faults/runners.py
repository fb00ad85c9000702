"""Runners to be killed: real processes of `revgate job`, most of them forked from one that has everything imported."""

import json
from dataclasses import dataclass
from pathlib import Path

from database.projects.running import CLEAN
from support import commands
from support.servers import Database

ENDS_WITHIN = 120.0  # seconds


@dataclass
class Runner:
    """A job on its way."""

    process: commands.Started
    log: Path

    @property
    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def kill(self) -> None:
        """Send SIGKILL; nothing happens to one that has ended."""
        self.process.kill()

    def end(self) -> int:
        """Wait for its end and return its exit code, -9 when it was killed."""
        return self.process.wait(ENDS_WITHIN)

    def applied(self) -> list[str]:
        """Return what it says that it has applied."""
        told = self.log.read_text().rpartition("\n")[0].splitlines()  # the last line of a killed one may be half a line
        lines = [json.loads(line) for line in told if line.startswith("{")]
        return [line["revision"] for line in lines if line.get("event") == "revision_applied"]


class Runners:
    """Starts jobs on one project, with the logs in a folder."""

    def __init__(self, project: Path, logs: Path) -> None:
        self._project, self._logs = project, logs
        self._count = 0

    def start(self, database: Database, *, cold: bool = False) -> Runner:
        """Start a job and return at once."""
        self._count += 1
        log = self._logs / f"{self._count}.log"
        environ = {**CLEAN, "REVGATE_DATABASE_URL": database.url, "REVGATE_JOB": f"fault-{self._count}"}
        with log.open("w") as to:
            process = commands.start_into(to, to, "revgate", "job", folder=self._project, environ=environ, cold=cold)
        return Runner(process, log)
