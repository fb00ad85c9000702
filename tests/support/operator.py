"""The real operator as a process beside a control plane, which a test may kill and start again."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx

from support.cluster import Cluster
from support.ports import free_port
from support.waiting import eventually

RUNNER_IMAGE = "registry.example/revgate-runner:1"


class Operator:
    """`python -m revgate operator`, which a test may kill and start again."""

    def __init__(self, cluster: Cluster, log: Path, *options: str) -> None:
        self._cluster = cluster
        self._options = options
        self.log = log
        self.may_fail = False  # passes may fail, because the test takes something away from the operator
        self._process: subprocess.Popen[bytes] | None = None
        self._port = free_port()

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        assert self._process is not None, "The operator was not started"
        return self._process.pid

    def start(self, runner_image: str = RUNNER_IMAGE) -> None:
        """Start the operator, if it does not run, and wait until it is ready."""
        if not self.runs:
            self.launch(runner_image)
            eventually("The operator is ready", self._is_ready, world=self.said)

    def launch(self, runner_image: str = RUNNER_IMAGE) -> None:
        """Start the operator and return at once."""
        own = ["--runner-image", runner_image, "--listen", f"127.0.0.1:{self._port}"]
        command = [sys.executable, "-m", "revgate", "operator", *own, *self._options]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, env=dict(self._cluster.environment), stdout=log, stderr=log)

    def address(self, path: str) -> str:
        """Return the URL of what it answers over HTTP."""
        return f"http://127.0.0.1:{self._port}{path}"

    def kill(self) -> None:
        """End the operator in the middle of whatever it does."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Ask the operator to end; return its exit code."""
        return self._end(signal.SIGTERM)

    def freeze(self) -> None:
        """Stop its process where it is, until `thaw`."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def said(self, since: int = 0) -> str:
        """Return the log from a position on."""
        return self.log.read_bytes()[since:].decode(errors="replace") if self.log.exists() else ""

    def position(self) -> int:
        """Return where the log ends now."""
        return self.log.stat().st_size if self.log.exists() else 0

    def _end(self, number: signal.Signals) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        os.kill(process.pid, number)
        return process.wait(timeout=60)

    def _signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def _is_ready(self) -> bool:
        assert self.runs, f"The operator has ended by itself:\n{self.said()}"
        try:
            return httpx.get(self.address("/readyz"), trust_env=False).is_success
        except httpx.HTTPError:
            return False
