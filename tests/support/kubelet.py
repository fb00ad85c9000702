"""The kubelet's part, played by a test: there is no node, so a pod stays Pending until its status is written here."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from revgate.contract import names
from revgate.contract.report import Report, encode_report
from support.api import Api
from support.waiting import eventually

DIGEST = "sha256:" + "cd" * 32
SELECTOR = f"{names.MANAGED_BY}={names.MANAGER}"


@dataclass(frozen=True)
class Kubelet:
    """Writes a pod's status as a real kubelet does (versions and order: cluster facts, 5)."""

    api: Api

    def pod_of(self, job: str) -> str:
        """Wait until the Job controller has made the Job's pod; return its name."""
        selector = f"batch.kubernetes.io/job-name={job}"
        pods = eventually(f"Job {job} has a pod", lambda: self.api.find("pods", selector))
        return str(pods[0]["metadata"]["name"])

    def keep_waiting(self, job: str, reason: str, message: str = "") -> None:
        self._write(job, "Pending", {"waiting": {"reason": reason, "message": message}})

    def leave_unscheduled(self, job: str, message: str) -> None:
        condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
        self.api.patch("pods", self.pod_of(job), {"status": {"conditions": [condition]}}, "status")

    def start(self, job: str, seconds_ago: float = 0) -> None:
        """Start the container, once: the time of its start never changes."""
        if not self._state(job).get("running"):
            self._write(job, "Running", {"running": {"startedAt": _now(seconds_ago)}})

    def end(self, job: str, code: int, message: str = "", reason: str = "", **status: Any) -> None:
        """End the container; `message` is its termination message."""
        started = self._state(job).get("running", {}).get("startedAt", _now())
        over = {"exitCode": code, "reason": reason or ("Completed" if code == 0 else "Error"), "message": message}
        times = {"startedAt": started, "finishedAt": _now()}
        state = {"terminated": over | times, "running": None, "waiting": None}
        self._write(job, "Failed" if code else "Succeeded", state, **status)

    def finish(self, job: str, report: Report, **status: Any) -> None:
        """Start the container and end it as a runner does, with a report."""
        self.start(job)
        self.end(job, report.exit, encode_report(report), **status)

    def evict(self, job: str, code: int, message: str = "") -> None:
        condition = {"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI"}
        self.end(job, code, message, conditions=[condition | {"message": "Eviction API: evicting"}])

    def show(self, job: str, states: dict[str, dict[str, Any]], phase: str = "Pending", **status: Any) -> None:
        """Write the states of the containers of a pod that has init containers; those without one have their turn yet.

        An init container is started while it runs, and ready once it has ended well (seen on 1.34).
        """
        name = self.pod_of(job)
        spec = (self.api.get("pods", name) or {})["spec"]
        shown = {
            f"{kind}Statuses": [_shown(each, states.get(each["name"])) for each in spec.get(f"{kind}s", ())]
            for kind in ("initContainer", "container")
        }
        self.api.patch("pods", name, {"status": {"phase": phase, **shown, **status}}, "status")

    def _state(self, job: str) -> dict[str, Any]:
        pod = self.api.get("pods", self.pod_of(job)) or {}
        statuses = pod.get("status", {}).get("containerStatuses") or [{}]
        return statuses[0].get("state", {})

    def _write(self, job: str, phase: str, state: dict[str, Any], **status: Any) -> None:
        name = self.pod_of(job)
        pod = self.api.get("pods", name) or {}
        container = {
            "name": names.CONTAINER,
            "image": pod["spec"]["containers"][0]["image"],
            "imageID": f"registry.example/ledger@{DIGEST}"
            if "waiting" not in state or state["waiting"] is None
            else "",
            "ready": False,
            "restartCount": 0,
            "state": {kind: value for kind, value in state.items() if value},
        }
        self.api.patch("pods", name, {"status": {"phase": phase, "containerStatuses": [container], **status}}, "status")


def running() -> dict[str, Any]:
    """The state of a container at work."""
    return {"running": {"startedAt": _now()}}


def ended(code: int = 0, message: str = "", reason: str = "") -> dict[str, Any]:
    """The state of a container that has ended; `message` is its termination message."""
    over = {"exitCode": code, "reason": reason or ("Completed" if code == 0 else "Error"), "message": message}
    return {"terminated": over | {"startedAt": _now(), "finishedAt": _now()}}


def _shown(container: dict[str, Any], state: dict[str, Any] | None) -> dict[str, Any]:
    found = state or {"waiting": {"reason": "PodInitializing"}}
    return {
        "name": container["name"],
        "image": container["image"],
        "imageID": f"registry.example/ledger@{DIGEST}" if "waiting" not in found else "",
        "started": "running" in found,
        "ready": found.get("terminated", {}).get("exitCode") == 0,
        "restartCount": 0,
        "state": found,
    }


def _now(seconds_ago: float = 0) -> str:
    return (datetime.now(UTC) - timedelta(seconds=seconds_ago)).strftime("%Y-%m-%dT%H:%M:%SZ")
