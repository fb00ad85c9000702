"""A node whose kubelet only knows logs: the API server asks it over HTTPS, as it asks a real one."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlparse

import httpx

from support.api import Api
from support.cluster import Cluster, run
from support.waiting import eventually


@dataclass
class Node:
    """`logs` holds what each (pod, container) has written."""

    name: str
    client: httpx.Client
    logs: dict[tuple[str, str], str] = field(default_factory=dict)

    def take(self, api: Api, pod: str) -> None:
        """Put a pod on this node, as the scheduler does."""
        target = {"apiVersion": "v1", "kind": "Node", "name": self.name}
        body = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": pod}, "target": target}
        api.client.post(f"/api/v1/namespaces/{api.namespace}/pods/{pod}/binding", json=body).raise_for_status()

    def state(self, api: Api, pod: str, container: str, state: dict[str, Any], kind: str = "containerStatuses") -> None:
        """Write a container's state, as the kubelet does."""
        api.patch("pods", pod, {"status": container_state(container, state, kind)}, "status")


def container_state(container: str, state: dict[str, Any], kind: str = "containerStatuses") -> dict[str, Any]:
    """A pod's status with the state of one container."""
    return {
        kind: [{"name": container, "image": "i", "imageID": "i", "ready": False, "restartCount": 0, "state": state}]
    }


@contextmanager
def running_node(cluster: Cluster, client: httpx.Client, folder: Path) -> Iterator[Node]:
    """Run the kubelet on this machine and tell the API server where it is."""
    node = Node("test-node", client)
    with _serving(cluster.host, folder, node.logs) as port:
        client.post("/api/v1/nodes", json={"metadata": {"name": node.name}}).raise_for_status()
        address = [{"type": "InternalIP", "address": cluster.host}]
        status = {"addresses": address, "daemonEndpoints": {"kubeletEndpoint": {"Port": port}}}
        headers = {"Content-Type": "application/merge-patch+json"}
        path = f"/api/v1/nodes/{node.name}"
        client.patch(f"{path}/status", json={"status": status}, headers=headers).raise_for_status()
        try:
            yield node
        finally:
            client.delete(path).raise_for_status()
            eventually("The node is gone", lambda: client.get(path).status_code == httpx.codes.NOT_FOUND)


@contextmanager
def _serving(host: str, folder: Path, logs: dict[tuple[str, str], str]) -> Iterator[int]:
    class Logs(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            place = urlparse(self.path)
            _, _, _, pod, container = place.path.split("/")  # /containerLogs/NAMESPACE/POD/CONTAINER
            lines = logs.get((pod, container), "").splitlines(keepends=True)
            tail = int(parse_qs(place.query).get("tailLines", [len(lines)])[0])
            text = "".join(lines[len(lines) - tail :] if tail else []).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            with suppress(OSError):  # whoever asked was killed
                self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            pass

    key, certificate = folder / "key", folder / "certificate"
    elliptic = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    run(["openssl", "req", "-x509", *elliptic, "-subj", "/CN=node", "-days", "2", "-keyout", key, "-out", certificate])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with ThreadingHTTPServer((host, 0), Logs) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
