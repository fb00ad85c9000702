"""The kubelet's part, played by a test: there is no node, so a pod stays Pending until its status is written here."""

from dataclasses import dataclass
from datetime import UTC, datetime
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

    def start(self, job: str) -> None:
        """Start the container, once: the time of its start never changes."""
        if not self._state(job).get("running"):
            self._write(job, "Running", {"running": {"startedAt": _now()}})

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


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
