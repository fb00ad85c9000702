"""An API server as a test sees it, quickly: plain requests in plain dicts, in one namespace."""

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import yaml

from support.cluster import Cluster

PATHS = {
    "schemamigrations": "/apis/revgate.io/v1alpha1",
    "schemaplans": "/apis/revgate.io/v1alpha1",
    "jobs": "/apis/batch/v1",
    "pods": "/api/v1",
    "events": "/api/v1",
    "leases": "/apis/coordination.k8s.io/v1",
    "resourcequotas": "/api/v1",
    "secrets": "/api/v1",
}


@contextmanager
def connected(cluster: Cluster) -> Iterator[httpx.Client]:
    """A connection as the cluster's administrator."""
    config = yaml.safe_load(cluster.kubeconfig.read_text())
    place, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    trusted = ssl.create_default_context(cafile=place["certificate-authority"])
    headers = {"Authorization": f"Bearer {user['token']}"}
    with httpx.Client(base_url=place["server"], headers=headers, verify=trusted, timeout=30, trust_env=False) as client:
        yield client


@dataclass(frozen=True)
class Api:
    """The verbs of a test; each fails with the API server's own words."""

    client: httpx.Client
    namespace: str

    def get(self, kind: str, name: str) -> dict[str, Any] | None:
        answer = self.client.get(self._path(kind, name))
        return None if answer.status_code == 404 else _checked(answer).json()

    def find(self, kind: str, selector: str = "") -> list[dict[str, Any]]:
        answer = self.client.get(self._path(kind), params={"labelSelector": selector})
        return _checked(answer).json()["items"]

    def create(self, kind: str, body: dict[str, Any]) -> dict[str, Any]:
        return _checked(self.client.post(self._path(kind), json=body)).json()

    def patch(self, kind: str, name: str, body: dict[str, Any], part: str = "") -> dict[str, Any]:
        """Merge a patch into an object, or into its `part` (status)."""
        headers = {"Content-Type": "application/merge-patch+json"}
        path = f"{self._path(kind, name)}{part and '/'}{part}"
        return _checked(self.client.patch(path, content=json.dumps(body), headers=headers)).json()

    def delete(self, kind: str, name: str, **options: Any) -> None:
        body = {"propagationPolicy": "Background"} | options
        _checked(self.client.request("DELETE", self._path(kind, name), json=body))

    def history(self, kind: str, name: str, since: str) -> list[dict[str, Any]]:
        """Return every event of an object after a resourceVersion: the API server still knows them."""
        query = {
            "watch": "1",
            "resourceVersion": since,
            "timeoutSeconds": "1",
            "fieldSelector": f"metadata.name={name}",
        }
        answer = _checked(self.client.get(self._path(kind), params=query))
        return [json.loads(line) for line in answer.text.splitlines()]

    @contextmanager
    def events(self, kind: str) -> Iterator[Iterator[dict[str, Any]]]:
        """Follow everything of a kind in this namespace from now on."""
        now = _checked(self.client.get(self._path(kind))).json()["metadata"]["resourceVersion"]
        query = {"watch": "1", "resourceVersion": now, "timeoutSeconds": "60"}
        with self.client.stream("GET", self._path(kind), params=query, timeout=70) as stream:
            yield (json.loads(line) for line in stream.iter_lines())

    def _path(self, kind: str, name: str = "") -> str:
        return f"{PATHS[kind]}/namespaces/{self.namespace}/{kind}{name and '/'}{name}"


def _checked(answer: httpx.Response) -> httpx.Response:
    if answer.is_error:
        answer.read()
        raise AssertionError(
            f"{answer.request.method} {answer.request.url} answered {answer.status_code}: {answer.text}"
        )
    return answer
