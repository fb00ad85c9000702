"""Runners to be killed: real processes of `revgate job`, most of them forked from one that has everything imported.

Starting Python costs ten times what the run does; a fork of a warm process goes through the same code from the command
line on, and dies as really.
"""

import json
import multiprocessing
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from pathlib import Path

from database.projects.running import CLEAN
from faults.warm import run_job
from support.servers import Database

ENDS_WITHIN = 120.0  # seconds

_forks = multiprocessing.get_context("forkserver")


@cache
def _warm_up() -> None:
    """Start the process to fork from; Python 3.11 tells it our path by its environment only."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    try:
        _forks.set_forkserver_preload([run_job.__module__])
        forkserver.ensure_running()
    finally:
        os.environ.pop("PYTHONPATH")
        os.environ.update({} if before is None else {"PYTHONPATH": before})


@dataclass
class Runner:
    """A job on its way."""

    process: "BaseProcess | subprocess.Popen[bytes]"
    log: Path

    @property
    def has_ended(self) -> bool:
        return self._code() is not None

    def kill(self) -> None:
        """Send SIGKILL; nothing happens to one that has ended."""
        self.process.kill()

    def end(self) -> int:
        """Wait for its end and return its exit code, -9 when it was killed."""
        if isinstance(self.process, subprocess.Popen):
            return self.process.wait(ENDS_WITHIN)
        self.process.join(ENDS_WITHIN)
        code = self._code()
        assert code is not None, f"the runner did not end: {self.log.read_text()}"
        return code

    def applied(self) -> list[str]:
        """Return what it says that it has applied."""
        told = self.log.read_text().rpartition("\n")[0].splitlines()  # the last line of a killed one may be half a line
        lines = [json.loads(line) for line in told if line.startswith("{")]
        return [line["revision"] for line in lines if line.get("event") == "revision_applied"]

    def _code(self) -> int | None:
        return self.process.poll() if isinstance(self.process, subprocess.Popen) else self.process.exitcode


class Runners:
    """Starts jobs on one project, with the logs in a folder."""

    def __init__(self, project: Path, logs: Path) -> None:
        self._project, self._logs = project, logs
        self._count = 0

    def start(self, database: Database, *, cold: bool = False) -> Runner:
        """Start a job and return at once."""
        self._count += 1
        log = self._logs / f"{self._count}.log"
        log.touch()
        environ = {**CLEAN, "REVGATE_DATABASE_URL": database.url, "REVGATE_JOB": f"fault-{self._count}"}
        process = self._cold(environ, log) if cold else self._forked(environ, log)
        return Runner(process, log)

    def _forked(self, environ: dict[str, str], log: Path) -> BaseProcess:
        _warm_up()
        process = _forks.Process(target=run_job, args=(self._project, environ, log), daemon=True)
        process.start()
        return process

    def _cold(self, environ: dict[str, str], log: Path) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "revgate", "job"]
        with log.open("w") as to:
            return subprocess.Popen(
                command, cwd=self._project, env=environ, stdin=subprocess.DEVNULL, stdout=to, stderr=to
            )
