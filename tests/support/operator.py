"""The real operator as a process beside a control plane, which a test may kill and start again."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import httpx

from support.cluster import Cluster
from support.waiting import eventually

RUNNER_IMAGE = "registry.example/revgate-runner:1"


class Operator:
    """`python -m revgate operator`, which a test may kill and start again."""

    def __init__(self, cluster: Cluster, log: Path) -> None:
        self._cluster = cluster
        self.log = log
        self.may_fail = False  # passes may fail, because the test takes something away from the operator
        self._process: subprocess.Popen[bytes] | None = None
        self._port = _free_port()

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self, runner_image: str = RUNNER_IMAGE) -> None:
        """Start the operator, if it does not run, and wait until it answers its probe."""
        if self.runs:
            return
        health = f"http://127.0.0.1:{self._port}/healthz"
        command = [sys.executable, "-m", "revgate", "operator", "--runner-image", runner_image, "--liveness", health]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, env=dict(self._cluster.environment), stdout=log, stderr=log)
        eventually("The operator answers its probe", lambda: self._is_alive(health), world=self.said)

    def kill(self) -> None:
        """End the operator in the middle of whatever it does."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Ask the operator to end; return its exit code."""
        return self._end(signal.SIGTERM)

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

    def _is_alive(self, health: str) -> bool:
        assert self.runs, f"The operator has ended by itself:\n{self.said()}"
        try:
            return httpx.get(health, trust_env=False).is_success
        except httpx.HTTPError:
            return False


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
