"""Pods of an app that wait behind the scheduling gate, as a test makes them and looks at them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from revgate.contract import names
from support.api import Api
from support.waiting import eventually

FOREIGN = "example.com/quota"


@dataclass(frozen=True)
class HeldApp:
    """The pods of an app in one namespace."""

    api: Api

    def create(
        self,
        name: str = "web",
        requires: str | None = "0002",
        migration: str = "ledger",
        gates: Sequence[str] = (names.SCHEDULING_GATE,),
    ) -> dict[str, Any]:
        self._until_pods_are_admitted()
        return self.api.create("pods", pod(name, requires, migration, gates))

    def gates(self, name: str = "web") -> list[str]:
        found = self.api.get("pods", name) or {"spec": {}}
        return [gate["name"] for gate in found["spec"].get("schedulingGates", [])]

    def is_held(self, name: str = "web") -> bool:
        return names.SCHEDULING_GATE in self.gates(name)

    def told(self, name: str = "web") -> list[dict[str, Any]]:
        """Return the Events on a pod, oldest first."""
        events = [each for each in self.api.find("events") if each["involvedObject"].get("name") == name]
        return sorted(events, key=lambda each: int(each["metadata"]["resourceVersion"]))

    def reasons(self, name: str = "web") -> list[str]:
        return [each["reason"] for each in self.told(name) if each["source"]["component"] == names.MANAGER]

    def patch(self, name: str, operations: list[dict[str, Any]]) -> httpx.Response:
        """Send a JSON patch and return the answer, whatever it is."""
        path = f"/api/v1/namespaces/{self.api.namespace}/pods/{name}"
        headers = {"Content-Type": "application/json-patch+json"}
        return self.api.client.patch(path, content=json.dumps(operations), headers=headers)

    def bind(self, name: str) -> None:
        """Give a pod a node, as the scheduler does."""
        target = {"apiVersion": "v1", "kind": "Node", "name": "node-1"}
        path = f"/api/v1/namespaces/{self.api.namespace}/pods/{name}/binding"
        body = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name}, "target": target}
        assert self.api.client.post(path, json=body).is_success

    def _until_pods_are_admitted(self) -> None:
        path = f"/api/v1/namespaces/{self.api.namespace}/serviceaccounts/default"
        eventually("The namespace has its service account", lambda: self.api.client.get(path).is_success)


def pod(name: str, requires: str | None, migration: str, gates: Sequence[str]) -> dict[str, Any]:
    """Return a pod that asks for gates, as an app's template writes it."""
    annotations = {} if requires is None else {names.REQUIRES: requires}
    return {
        "metadata": {"name": name, "labels": {names.MIGRATION: migration}, "annotations": annotations},
        "spec": {
            "schedulingGates": [{"name": gate} for gate in gates],
            "containers": [{"name": "web", "image": "registry.example/ledger-web:1.2.0"}],
        },
    }
