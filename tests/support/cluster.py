"""A Kubernetes cluster of the tests' own, by deploy/local.

Every command gets the cluster's own kubeconfig, so that no other cluster can be meant. A cluster belongs to the test
process: when that was killed, the next one sweeps it away.
"""

import os
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from support.waiting import eventually

LOCAL = Path(__file__).parents[2] / "deploy/local"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running cluster, and the environment that leads kubectl and helm to it and nowhere else."""

    name: str
    control_plane_only: bool
    environment: Mapping[str, str]

    @classmethod
    def up(cls, name: str, *, control_plane_only: bool = False) -> "Cluster":
        """Start the cluster of this name: only etcd, API server and controllers, or with a node as CLUSTER chooses."""
        run([LOCAL / "cluster", "down", "--all"])
        tool = _tool(name, control_plane_only=control_plane_only)
        arguments = ["--control-plane"] if control_plane_only else []
        try:
            run([*tool, "up", "--owner", str(os.getpid()), *arguments])
        except AssertionError:
            run([*tool, "down"], check=False)
            raise
        exports = run([*tool, "env"]).stdout
        return cls(name, control_plane_only, _environment(exports))

    @property
    def kubeconfig(self) -> Path:
        return Path(self.environment["KUBECONFIG"])

    @property
    def host(self) -> str:
        """This machine's address as the cluster's pods and its API server see it (local clusters only)."""
        return self.environment["REVGATE_HOST_IP"]

    def kubectl(self, *args: str, stdin: str | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
        return run(["kubectl", *args], stdin=stdin, check=check, environment=self.environment)

    def helm(self, *args: str, stdin: str | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
        return run(["helm", *args], stdin=stdin, check=check, environment=self.environment)

    def define(self, crds: Path) -> None:
        """Apply CRDs and wait until their resources are served."""
        self.kubectl("apply", "-f", str(crds))
        wait = ("wait", "--for=condition=Established", "--timeout=30s", "-f", str(crds))
        # kubectl fails at once where a CRD is so young that it has no conditions yet
        eventually("The CRDs are established", lambda: self.kubectl(*wait, check=False).returncode == 0)

    def load(self, images: Iterable[str]) -> None:
        self._manage("load", *images)

    def kill(self, part: str) -> None:
        """End one part with SIGKILL; `cluster help` lists the parts."""
        run([LOCAL / "cluster", "kill", part, "--name", self.name])

    def start(self, part: str) -> None:
        run([LOCAL / "cluster", "start", part, "--name", self.name])

    def down(self) -> None:
        self._manage("down")

    def _manage(self, *words: str) -> None:
        run([*_tool(self.name, control_plane_only=self.control_plane_only), *words])


def run(
    command: Iterable[str | Path],
    *,
    stdin: str | None = None,
    check: bool = True,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, and fail with its own words."""
    words = [str(word) for word in command]
    done = subprocess.run(words, input=stdin or "", env=environment, text=True, capture_output=True, check=False)
    if check and done.returncode:
        message = f"{' '.join(words)} exited with {done.returncode}\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
        raise AssertionError(message)
    return done


def _tool(name: str, *, control_plane_only: bool) -> list[str | Path]:
    """Return the command that manages the cluster; a control plane alone is always local."""
    if control_plane_only:
        return [LOCAL / "cluster", "--name", name]
    return ["env", f"NAME={name}", LOCAL / "select"]


def _environment(exports: str) -> dict[str, str]:
    """Return this process's environment with a shell's export lines laid over it."""
    printed = run(["bash", "-c", f"{exports}\nenv -0"]).stdout
    return dict(entry.split("=", 1) for entry in printed.split("\0") if "=" in entry)
