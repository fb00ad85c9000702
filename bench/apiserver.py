"""A control plane whose controllers are off: the benchmark plays the Job controller and the kubelet, and watches."""

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import aiohttp
import yaml
from processes import ROOT

from revgate.contract import names
from revgate.contract.report import encode_report
from support.cluster import Cluster
from support.stage import done, manifest

CRDS = ROOT / "deploy/crds"
AT_ONCE = 16
REPORT = encode_report(done())
PATHS = {names.PLURAL: f"apis/{names.API_VERSION}", "jobs": "apis/batch/v1", "pods": "api/v1"}
Body = dict[str, Any]


@dataclass
class ApiServer:
    """The API server, and how often it was asked by us does not matter: the operator's requests are counted."""

    session: aiohttp.ClientSession
    server: str
    namespace: str = "bench"

    async def send(self, method: str, path: str, body: Any = None, kind: str = "application/json") -> Body:
        """Send a request; whatever is no success ends the benchmark."""
        headers = {"Content-Type": kind}
        data = json.dumps(body) if body is not None else None
        async with self.session.request(method, f"{self.server}/{path}", data=data, headers=headers) as answer:
            text = await answer.text()
            if not answer.ok:
                raise SystemExit(f"{method} {path} answered {answer.status}: {text[:500]}")
            return json.loads(text)

    def path(self, kind: str, name: str = "") -> str:
        """Return where objects of a kind are."""
        return f"{PATHS[kind]}/namespaces/{self.namespace}/{kind}{name and '/'}{name}"

    async def list(self, kind: str) -> list[Body]:
        """Return all objects of a kind."""
        return (await self.send("GET", self.path(kind)))["items"]

    async def apply(self, name: str) -> float:
        """Create a migration; return when the API server had it."""
        await self.send("POST", self.path(names.PLURAL), manifest(name))
        return time.perf_counter()

    async def make_pod(self, job: Body) -> None:
        """Do what the Job controller does."""
        metadata = job["metadata"]
        template = job["spec"]["template"]
        labels = template["metadata"]["labels"] | {
            "batch.kubernetes.io/controller-uid": metadata["uid"],
            "batch.kubernetes.io/job-name": metadata["name"],
        }
        owner = {"apiVersion": "batch/v1", "kind": "Job", "name": metadata["name"], "uid": metadata["uid"]}
        pod = {
            "metadata": {"name": metadata["name"], "labels": labels, "ownerReferences": [owner | {"controller": True}]},
            "spec": template["spec"] | {"serviceAccountName": "default", "nodeName": "nowhere"},
        }
        await self.send("POST", self.path("pods"), pod)

    async def finish(self, name: str) -> None:
        """Do what the kubelet does when the runner has succeeded."""
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        over = {"exitCode": 0, "reason": "Completed", "message": REPORT, "startedAt": now, "finishedAt": now}
        image = {"image": "registry.example/ledger:1.2.0", "imageID": "registry.example/ledger@sha256:" + "cd" * 32}
        container = {"name": names.CONTAINER, "ready": False, "restartCount": 0, "state": {"terminated": over}, **image}
        patch = {"status": {"phase": "Succeeded", "containerStatuses": [container]}}
        await self.send("PATCH", f"{self.path('pods', name)}/status", patch, "application/merge-patch+json")

    async def hold(self, name: str) -> None:
        """Create a pod of an app that waits for the migration of this name."""
        metadata = {
            "name": f"app-{name}",
            "labels": {names.MIGRATION: name},
            "annotations": {names.REQUIRES: done().current[0]},
        }
        gate = {"schedulingGates": [{"name": names.SCHEDULING_GATE}]}
        spec = {"containers": [{"name": "app", "image": "registry.example/app:1"}], "serviceAccountName": "default"}
        await self.send("POST", self.path("pods"), {"metadata": metadata, "spec": spec | gate})

    async def follow(self, kind: str, seen: Callable[[Body], None]) -> None:
        """Tell of each event of a kind from now on, until cancelled; a watch that ends tells all anew."""
        listed = await self.send("GET", f"{self.path(kind)}?limit=1")
        query = f"watch=1&resourceVersion={listed['metadata']['resourceVersion']}"
        while True:
            buffer = b""
            async with self.session.get(f"{self.server}/{self.path(kind)}?{query}") as stream:
                async for piece in stream.content.iter_any():
                    *lines, buffer = (buffer + piece).split(b"\n")
                    for event in map(json.loads, filter(None, lines)):
                        if event["type"] != "ERROR":
                            seen(event["object"])
            query = "watch=1"


async def all_at_once(work: Callable[[Any], Coroutine[Any, Any, Any]], things: list[Any]) -> None:
    """Do something with each thing, a few at a time."""
    line = iter(things)

    async def worker() -> None:
        for thing in line:
            await work(thing)

    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))


@asynccontextmanager
async def connected(cluster: Cluster) -> AsyncIterator[ApiServer]:
    """Connect as the administrator."""
    config = yaml.safe_load(cluster.kubeconfig.read_text())
    place, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    trusted = ssl.create_default_context(cafile=place["certificate-authority"])
    connector = aiohttp.TCPConnector(limit=0, ssl=trusted)
    timeout = aiohttp.ClientTimeout(total=None)
    headers = {"Authorization": f"Bearer {user['token']}"}
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, headers=headers) as session:
        yield ApiServer(session, place["server"])


@asynccontextmanager
async def following(api: ApiServer, **seen: Callable[[Body], None]) -> AsyncIterator[None]:
    """Follow several kinds meanwhile."""
    tasks = [asyncio.create_task(api.follow(kind, each)) for kind, each in seen.items()]
    await asyncio.sleep(1.0)  # until the watches have begun; nothing of it is measured
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


def is_ready(migration: Body) -> bool:
    """Whether Ready is True."""
    conditions = migration.get("status", {}).get("conditions", ())
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def has_ended(pod: Body) -> bool:
    """Whether the runner's container has terminated."""
    statuses = pod.get("status", {}).get("containerStatuses", ())
    return any("terminated" in each["state"] for each in statuses)
