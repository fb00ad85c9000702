"""The chart, installed on an API server."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chart.apiserver import REPOSITORY, ApiServer, migration
from support.waiting import eventually

CHART = REPOSITORY / "charts/revgate"


@dataclass(frozen=True)
class Release:
    """An installed chart: its name and its namespace."""

    api: ApiServer
    name: str
    namespace: str

    @property
    def account(self) -> str:
        return f"system:serviceaccount:{self.namespace}:{self.name}"

    def install(self, chart: Path, *options: str) -> None:
        """Install the chart; a warning of the API server is a failure."""
        done = self.api.cluster.helm("install", self.name, str(chart), "--namespace", self.namespace, *options)
        assert warnings_in(done.stderr) == []
        self.until_crds_are_served()

    def until_crds_are_served(self) -> None:
        """Wait until the API server is through with new CRDs; until then it answers 429."""
        kinds = ("get", "schemamigrations,schemaplans", "--all-namespaces")
        eventually(
            "the CRDs are served",
            lambda: not self.api.refusal(*kinds),
            world=lambda: self.api.refusal(*kinds),
        )

    def uninstall(self) -> None:
        self.api.cluster.helm("uninstall", self.name, "--namespace", self.namespace, "--wait", "--ignore-not-found")

    def pods(self) -> list[dict[str, Any]]:
        selector = f"app.kubernetes.io/name=revgate,app.kubernetes.io/instance={self.name}"
        return self.api.list("pods", self.namespace, selector)

    def until_pod_is_admitted(self) -> None:
        """Pod Security refuses pods, not Deployments, so only the pod proves anything."""
        eventually(
            f"a pod of the operator is admitted in {self.namespace}",
            self.pods,
            world=lambda: self.api.kubectl("get", "events", "-n", self.namespace),
        )

    def until_policy_holds(self) -> None:
        """Wait until a new policy is asked: the API server hears of it a moment after it was created."""
        namespace = self.api.new_namespace("first-check")
        self.api.allow(namespace, "nobody", f"{self.name}-edit")
        eventually(
            "the policy refuses who may not create pods",
            lambda: "needs the right to create pods" in self._refusal(namespace),
            world=lambda: self._refusal(namespace),
        )

    def _refusal(self, namespace: str) -> str:
        return self.api.refused_to_create(namespace, migration(), "nobody", "--dry-run=server")


def warnings_in(said: str) -> list[str]:
    """Return the API server's warnings; that a watch of Helm's own was broken off and begun anew is none of them."""
    return [line for line in said.splitlines() if "Warning" in line and "reflector.go" not in line]
