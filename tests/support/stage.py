"""A namespace with the operator watching it, where a test plays the user and the kubelet."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from revgate.contract import names
from revgate.contract.exits import EXIT_TABLE, Exit
from revgate.contract.report import Report
from support.api import Api
from support.kubelet import Kubelet
from support.operator import Operator
from support.waiting import eventually

MIGRATIONS = names.PLURAL


@dataclass(frozen=True)
class Stage:
    """One namespace with the operator watching it: what a test does there, and what it sees."""

    api: Api
    kubelet: Kubelet
    operator: Operator

    # ---- done by the user

    def apply(self, name: str = "ledger", **spec: Any) -> dict[str, Any]:
        """Create a migration, or merge fields into its spec."""
        if self.api.get(MIGRATIONS, name):
            return self.api.patch(MIGRATIONS, name, {"spec": spec})
        return self.api.create(MIGRATIONS, manifest(name, **spec))

    def annotate(self, value: str, name: str = "ledger") -> None:
        self.api.patch(MIGRATIONS, name, {"metadata": {"annotations": {names.RETRY: value}}})

    def delete(self, name: str = "ledger") -> None:
        self.api.delete(MIGRATIONS, name)

    # ---- seen

    def migration(self, name: str = "ledger") -> dict[str, Any]:
        return self.api.get(MIGRATIONS, name) or {}

    def status(self, name: str = "ledger") -> dict[str, Any]:
        return self.migration(name).get("status", {})

    def ready(self, name: str = "ledger") -> dict[str, Any]:
        """Return the condition Ready, once the operator has looked at the newest spec."""
        found = self.migration(name)
        status = found.get("status", {})
        if status.get("observedGeneration") != found.get("metadata", {}).get("generation"):
            return {"reason": "not looked at yet"}
        return next(each for each in status["conditions"] if each["type"] == "Ready")

    def jobs(self, name: str = "ledger") -> list[str]:
        """Return the names of a migration's Jobs, sorted."""
        return sorted(job["metadata"]["name"] for job in self.api.find("jobs", f"{names.RUN_OF}={name}"))

    # ---- waited for

    def until(self, sentence: str, look: Callable[[], Any], timeout: float = 20) -> Any:
        """Wait for something; a pass that failed is shown at once, for it will not come right by waiting."""
        position = self.operator.position()

        def see() -> Any:
            said = self.operator.said(position)
            assert "pass failed" not in said or self.operator.may_fail, said
            return look()

        return eventually(sentence, see, timeout, self.picture)

    def until_reason(self, reason: str, name: str = "ledger", timeout: float = 20) -> dict[str, Any]:
        """Wait for a reason of Ready and return the condition."""
        self.until(f"{name} has the reason {reason}", lambda: self.ready(name)["reason"] == reason, timeout)
        return self.ready(name)

    def until_true(self, condition: str, reason: str, name: str = "ledger") -> str:
        """Wait until this condition, and no other, is True for this reason; return its message."""
        self.until_reason(reason, name)
        conditions = {each["type"]: each for each in self.status(name)["conditions"]}
        true = [kind for kind, each in conditions.items() if each["status"] == "True"]
        assert true == [condition], self.picture()
        return str(conditions[condition]["message"])

    def next_job(self, *known: str, name: str = "ledger", timeout: float = 20) -> str:
        """Wait for a Job that is not among the known ones, and for the status to name it."""

        def look() -> str:
            new = [job for job in self.jobs(name) if job not in known]
            assert len(new) <= 1, self.picture()
            said = self.status(name).get("run", {}).get("job")
            return new[0] if new and said == new[0] else ""

        return str(self.until(f"{name} has a Job beside {known}", look, timeout))

    def bring_to_ready(self, name: str = "ledger", *known: str) -> str:
        """Let the next run succeed; return its Job."""
        job = self.next_job(*known, name=name)
        self.kubelet.finish(job, done())
        self.until_true("Ready", "UpToDate", name)
        return job

    def settle(self, name: str = "ledger") -> str:
        """Wait until the Job controller is through with the Jobs, and return the migration's resourceVersion."""

        def over() -> bool:
            jobs = self.api.find("jobs", f"{names.RUN_OF}={name}")
            return all(job.get("status", {}).get("conditions") for job in jobs)

        self.until(f"The Jobs of {name} are over for their controller", over)
        return str(self.migration(name)["metadata"]["resourceVersion"])

    def picture(self) -> str:
        """Show the namespace to whoever reads a failure."""
        migrations = self.api.find(MIGRATIONS)
        shown = [{"name": each["metadata"]["name"], "status": each.get("status")} for each in migrations]
        jobs = [(each["metadata"]["name"], each.get("status")) for each in self.api.find("jobs")]
        pods = [(each["metadata"]["name"], each.get("status")) for each in self.api.find("pods")]
        return json.dumps([shown, jobs, pods], indent=1) + "\n" + self.operator.said()[-6000:]


def manifest(name: str = "ledger", **spec: Any) -> dict[str, Any]:
    """The smallest migration of the design, with these fields in its spec."""
    source = {"urlFrom": {"secretKeyRef": {"name": "ledger-db", "key": "url"}}}
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND,
        "metadata": {"name": name},
        "spec": {"image": "registry.example/ledger:1.2.0", "database": source} | spec,
    }


def done(before: str = "0001", current: str = "0002", **fields: Any) -> Report:
    """The report of a run that brought the database to a revision."""
    heads = {"before": (before,), "current": (current,), "target": (current,)}
    return report(Exit.DONE, message=f"Database is at {current}", read=True, **(heads | fields))


def report(code: Exit, **fields: Any) -> Report:
    usual = {"reason": EXIT_TABLE[code].reason, "message": f"Runner ended with {code.name}"}
    return Report(**({"exit": int(code)} | usual | fields))
