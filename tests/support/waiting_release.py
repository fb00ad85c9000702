"""A release of a chart with one SchemaMigration, and `helm --wait` at it in the background."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from support.cluster import Cluster
from support.stage import manifest


@dataclass(frozen=True)
class Release:
    """The release `ledger` in a namespace; its chart is written anew for each change of the spec."""

    cluster: Cluster
    namespace: str
    chart: Path

    def write(self, **spec: Any) -> None:
        """Write the chart with this spec."""
        (self.chart / "templates").mkdir(exist_ok=True)
        (self.chart / "Chart.yaml").write_text("apiVersion: v2\nname: ledger\nversion: 1.0.0\n")
        (self.chart / "templates/migration.yaml").write_text(yaml.safe_dump(manifest(**spec)))

    @contextmanager
    def waiting(self, timeout: str = "60s", *options: str, **spec: Any) -> Iterator["subprocess.Popen[str]"]:
        """Install or upgrade with --wait; the process ends when Helm has made up its mind."""
        self.write(**spec)
        words = ["helm", "upgrade", "--install", "ledger", str(self.chart), "--wait", "--timeout", timeout, *options]
        process = subprocess.Popen(
            [*words, "--namespace", self.namespace],
            env=dict(self.cluster.environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()


def ended(process: "subprocess.Popen[str]") -> tuple[int, str]:
    """Wait for the end; return the exit code and what was said."""
    said, _ = process.communicate(timeout=90)
    return process.returncode, said
