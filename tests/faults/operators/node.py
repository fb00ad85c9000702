"""A node without containers: it plays the scheduler and the kubelet, and really runs each pod's runner as a process."""

import time
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from math import inf
from pathlib import Path
from signal import SIGKILL, SIGTERM
from threading import Event, Lock, Thread
from typing import Any

import httpx

from database.projects.running import CLEAN
from faults.operators.history import IMAGE, release_of
from revgate.contract import names
from support import commands
from support.api import Api
from support.kubelet import SELECTOR
from support.node import Node

_EVERY = 0.15  # seconds
_HEARTBEAT = 10.0
_KILLED = 128
_MOST = 4096  # bytes of a termination message that a kubelet keeps

Pod = Mapping[str, Any]


@dataclass
class Container:
    """The runner of a pod."""

    pod: str
    migration: str
    process: commands.Started
    folder: Path
    began: float
    started: str
    ended: str = ""
    left: float = inf  # when its end was noticed, and no sooner told; both of the monotonic clock
    is_unseen: bool = False  # its pod was gone before it ended
    told: str = ""  # the last phase that was written
    is_asked_to_end: bool = False

    @property
    def is_at_work(self) -> bool:
        return self.process.poll() is None

    def state(self) -> tuple[str, dict[str, Any]]:
        """Return the pod's phase and the container's state, as a kubelet writes them."""
        code = self.process.poll()
        if code is None:
            return "Running", {"running": {"startedAt": self.started}}
        self.ended = self.ended or _now()
        self.left = min(self.left, time.monotonic())
        exit_code = code if code >= 0 else _KILLED - code
        over = {"exitCode": exit_code, "reason": "Error" if exit_code else "Completed", "message": self.message()}
        times = {"startedAt": self.started, "finishedAt": self.ended}
        return "Failed" if exit_code else "Succeeded", {"terminated": over | times}

    def message(self) -> str:
        report = self.folder / "report"
        return report.read_text()[-_MOST:] if report.exists() else ""

    def log(self) -> str:
        return (self.folder / "log").read_text()


@dataclass
class RunningNode:
    """Runs the pods of one namespace after the other. `releases` are the folders that an image has."""

    api: Api
    node: Node
    releases: Mapping[int, Path]
    folder: Path
    containers: dict[str, Container] = field(default_factory=dict)
    released: set[str] = field(default_factory=set)
    failure: Exception | None = None
    _stop: Event = field(default_factory=Event)
    _lock: Lock = field(default_factory=Lock)
    _heard: float = 0.0

    def start(self) -> Thread:
        thread = Thread(target=self._serve, daemon=True)
        thread.start()
        return thread

    def stop(self) -> None:
        """End, with every runner that is still there."""
        self._stop.set()
        with self._lock:
            for container in self.containers.values():
                container.process.kill()

    def move(self, api: Api) -> None:
        """Look after another namespace from now on."""
        with self._lock:
            self.api, self.containers, self.released = api, {}, set()

    def at_work(self) -> list[Container]:
        """Return the runners that are at work, by the name of their pods."""
        with self._lock:
            return sorted((each for each in self.containers.values() if each.is_at_work), key=lambda each: each.pod)

    def overlaps(self) -> Iterator[str]:
        """Yield which runners of a migration were at work at one time, though the API server knew of both."""
        with self._lock:
            known = sorted(self.containers.values(), key=lambda each: (each.migration, each.began))
        for one, other in pairwise(known):
            if one.migration == other.migration and other.began < one.left and not one.is_unseen:
                yield f"Pods {one.pod} and {other.pod} of {one.migration} were at work at one time"

    def picture(self) -> str:
        with self._lock:
            last = list(self.containers.values())[-12:]
        return "\n".join(f"{each.pod}: {each.process.poll()} {each.message()}\n{each.log()[-1500:]}" for each in last)

    def _serve(self) -> None:
        while not self._stop.wait(_EVERY):
            try:
                with self._lock:
                    self._pass()
            except (httpx.HTTPError, AssertionError):
                continue  # the API server is away, or somebody else was quicker
            except Exception as error:  # noqa: BLE001  the campaign tells it
                self.failure = error
                return

    def _pass(self) -> None:
        if time.monotonic() > self._heard + _HEARTBEAT:
            self._beat()
        pods = {pod["metadata"]["uid"]: pod for pod in self.api.find("pods", SELECTOR)}
        for uid in self.containers.keys() - pods.keys():
            self._lose(self.containers[uid])
        for uid, pod in pods.items():
            with suppress(AssertionError, httpx.HTTPStatusError):
                self._look_after(uid, pod)

    def _look_after(self, uid: str, pod: Pod) -> None:
        metadata, container = pod["metadata"], self.containers.get(uid)
        is_leaving = "deletionTimestamp" in metadata
        if container is None and not is_leaving:
            self._begin(uid, pod)
        elif container is None:
            self._release(uid, metadata["name"], "Failed")
        else:
            if is_leaving:
                self._end(container)
            self._tell(pod, container)
            if is_leaving and not container.is_at_work:
                self._release(uid, metadata["name"])

    def _begin(self, uid: str, pod: Pod) -> None:
        name, main = pod["metadata"]["name"], pod["spec"]["containers"][0]
        if pod.get("status", {}).get("phase") != "Pending":
            return
        if not pod["spec"].get("nodeName"):
            self.node.take(self.api, name)
        environ = self._environ(name, main)
        if environ is None:
            return
        folder = self.folder / uid
        folder.mkdir()
        own = {names.TERMINATION_MESSAGE: str(folder / "report"), "HOME": str(folder)}
        with (folder / "log").open("w") as log:
            words = [word.replace("$$", "$") for word in (*main["command"][1:], *main["args"])]
            where = {"folder": self.releases[release_of(main["image"])], "environ": CLEAN | environ | own}
            process = commands.start_into(log, log, "revgate", *words, **where)
        migration = pod["metadata"]["labels"][names.RUN_OF]
        self.containers[uid] = Container(name, migration, process, folder, time.monotonic(), _now())

    def _environ(self, pod: str, main: Pod) -> dict[str, str] | None:
        """Return a container's environment; None when a Secret is missing, which is then said."""
        values: dict[str, str] = {}
        for variable in main["env"]:
            source = variable.get("valueFrom", {}).get("secretKeyRef")
            secret = self.api.get("secrets", source["name"]) if source else None
            if source and secret is None:
                message = f'secret "{source["name"]}" not found'
                waiting = {"waiting": {"reason": "CreateContainerConfigError", "message": message}}
                self._write(pod, main["image"], "Pending", waiting)
                return None
            value = b64decode(secret["data"][source["key"]]).decode() if secret else variable["value"]
            values[variable["name"]] = value.replace("$$", "$") if secret is None else value
        return values

    def _lose(self, container: Container) -> None:
        """Be told that a pod is gone: by force, when its runner is at work or its end was not told."""
        container.is_unseen = container.is_unseen or container.left == inf
        container.state()
        self._end(container)

    def _end(self, container: Container) -> None:
        if not container.is_asked_to_end:
            container.process.send_signal(SIGTERM)
            container.is_asked_to_end = True

    def _tell(self, pod: Pod, container: Container) -> None:
        phase, state = container.state()
        if phase == container.told:
            return
        self.node.logs[container.pod, names.CONTAINER] = container.log()
        self._write(container.pod, pod["spec"]["containers"][0]["image"], phase, state)
        container.told = phase

    def _write(self, pod: str, image: str, phase: str, state: dict[str, Any]) -> None:
        digest = f"sha256:{release_of(image):064x}"
        container = {
            "name": names.CONTAINER,
            "image": image,
            "imageID": "" if "waiting" in state else f"{IMAGE}@{digest}",
            "ready": False,
            "restartCount": 0,
            "state": state,
        }
        self.api.patch("pods", pod, {"status": {"phase": phase, "containerStatuses": [container]}}, "status")

    def _release(self, uid: str, pod: str, phase: str = "") -> None:
        """Let go of a pod that was deleted, once: nothing of it is here any more."""
        if uid in self.released:
            return
        if phase:
            self.api.patch("pods", pod, {"status": {"phase": phase}}, "status")
        self.api.delete("pods", pod, gracePeriodSeconds=0)
        self.released.add(uid)

    def _beat(self) -> None:
        """A node that is not heard of is drained by the controllers."""
        ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "lastHeartbeatTime": _now()}
        headers = {"Content-Type": "application/merge-patch+json"}
        path = f"/api/v1/nodes/{self.node.name}/status"
        answer = self.api.client.patch(path, json={"status": {"conditions": [ready]}}, headers=headers)
        if answer.is_success:
            self._heard = time.monotonic()


def kill(container: Container) -> None:
    container.process.send_signal(SIGKILL)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
