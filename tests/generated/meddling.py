"""What somebody else may write beside a migration: its status, Jobs, pods and plans that look like ours, a report."""

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

from generated.anything import ODD_NUMBERS, ODD_WORDS, anything, damaged, deep
from generated.schema import TIMES, right, schema_of
from revgate.contract import names
from revgate.contract.report import encode_report
from revgate.control.deciding.inputs import inputs_of, inputs_of_inspection, inputs_of_planning
from revgate.control.observing.reading import read_migration
from revgate.control.resource.spec import Spec
from revgate.control.runs.job import job_name
from support.api import PATHS, Api
from support.operator import RUNNER_IMAGE
from support.stage import done

SPEC: Final = schema_of(names.PLURAL, "spec")
STATUS: Final = schema_of(names.PLURAL, "status")
PLAN: Final = schema_of(names.PLANS, "spec")
_REPORT: Final = json.loads(encode_report(done()))
_OURS: Final = [{"name": names.SCHEDULING_GATE}]
_GATE: Final = [{"name": "tests.example/nobody-schedules-this"}]
_PATIENCE: Final = 150  # seconds: a machine may have much to do
_PHASES: Final = ("Pending", "Running", "Succeeded", "Failed", "Unknown")
_OF_JOB: Final = ("Complete", "Failed", "FailureTarget", "Nonsense")


@dataclass(frozen=True, slots=True)
class Meddler:
    """Writes nonsense around one migration; the API server may refuse it, and says so."""

    api: Api
    chance: random.Random
    migration: Mapping[str, Any]

    def meddle(self) -> list[httpx.Response]:
        """Do one thing that nobody should."""
        runs = (self._make_job, self._make_pod, self._make_pod, self._make_pod)
        others = (self._write_status, self._write_status, self._edit_spec, self._make_plan, self._hold_pod)
        return self.chance.choice([*others, *runs])()

    @property
    def _name(self) -> str:
        return str(self.migration["metadata"]["name"])

    def _write_status(self) -> list[httpx.Response]:
        status = right(STATUS, self.chance)
        run = status.get("run")
        if run and self.chance.randrange(3):
            run |= self._true()
        if self.chance.randrange(4) == 0:
            status = damaged(self.chance, status)
        return [self._status(names.PLURAL, self._name, status)]

    def _edit_spec(self) -> list[httpx.Response]:
        spec = right(SPEC, self.chance) | {"retry": {"initialDelay": "1h", "maxDelay": "1h"}}
        return [
            self._send(
                "PATCH", names.PLURAL, self._name, {"spec": self.chance.choice([spec, damaged(self.chance, spec)])}
            )
        ]

    def _make_job(self) -> list[httpx.Response]:
        name = f"{self._name}-job-{self.chance.randrange(10**6)}"
        container = {"name": self.chance.choice(["migrate", "x"]), "image": "x"}
        pod = {"restartPolicy": "Never", "containers": [container], "schedulingGates": _GATE}
        spec = {"suspend": True, "template": {"spec": pod}}
        made = self._send("POST", "jobs", "", {"metadata": {"name": name, "labels": self._labels()}, "spec": spec})
        time = self.chance.choice(TIMES)
        conditions = [{"type": self.chance.choice(_OF_JOB), "status": "True", "lastTransitionTime": time}]
        return [made, self._status("jobs", name, {"conditions": conditions, "startTime": time})]

    def _make_pod(self) -> list[httpx.Response]:
        name = f"{self._name}-pod-{self.chance.randrange(10**6)}"
        labels = self._labels() | {
            "batch.kubernetes.io/controller-uid": self.chance.choice(["", "x", "0" * 36]),
            "batch.kubernetes.io/job-name": self.chance.choice(["", "x", str(self._true().get("job", ""))]),
        }
        spec = {"containers": [{"name": "migrate", "image": "x"}], "schedulingGates": _GATE}
        order = {names.CONTAINERS: self.chance.choice(["", ",", "x", "migrate", "a,migrate,b", "migrate,migrate"])}
        metadata = {"name": name, "labels": labels, "annotations": order if self.chance.randrange(2) else {}}
        made = self._send("POST", "pods", "", {"metadata": metadata, "spec": spec})
        return [made, self._status("pods", name, self._of_pod())]

    def _of_pod(self) -> dict[str, Any]:
        chance = self.chance
        over = {"exitCode": chance.choice([0, 1, 40, 137, 255, -1, 2**31 - 1]), "message": message(chance)}
        over |= {"startedAt": chance.choice(TIMES), "finishedAt": chance.choice(TIMES)}
        state = chance.choice([{"terminated": over}] * 3 + [{"running": {"startedAt": chance.choice(TIMES)}}, {}])
        container = {"name": "migrate", "image": "x", "imageID": chance.choice(["", "@", "x@y@z", "x" * 2000])}
        conditions = [{"type": "DisruptionTarget", "status": "True", "message": "x" * chance.choice([0, 3000])}]
        shown = [container | {"ready": False, "restartCount": 0, "state": state}]
        return {
            "phase": chance.choice(_PHASES),
            "conditions": conditions if chance.randrange(3) == 0 else [],
            "containerStatuses": shown,
            "initContainerStatuses": [
                each | {"name": chance.choice("ab")} for each in shown if chance.randrange(3) == 0
            ],
        }

    def _hold_pod(self) -> list[httpx.Response]:
        """A pod of an app, behind the scheduling gate or past it."""
        requires = self.chance.choice(["", ",", "0002", "x" * 200, "a b", ",".join(["0001"] * 60), "\u0000"])
        metadata = {
            "name": f"{self._name}-app-{self.chance.randrange(10**6)}",
            "labels": {names.MIGRATION: self.chance.choice([self._name, "", "nobody"])},
            "annotations": {names.REQUIRES: requires} if self.chance.randrange(4) else {},
        }
        spec = {"containers": [{"name": "app", "image": "x"}], "schedulingGates": self.chance.choice([_OURS, _GATE])}
        return [self._send("POST", "pods", "", {"metadata": metadata, "spec": spec})]

    def _make_plan(self) -> list[httpx.Response]:
        spec = right(PLAN, self.chance)
        spec = damaged(self.chance, spec) if self.chance.randrange(2) else spec
        name = f"{self._name}-plan-{self.chance.randrange(10**6)}"
        body = {"apiVersion": names.API_VERSION, "kind": names.PLAN_KIND, "spec": spec}
        return [self._send("POST", names.PLANS, "", body | {"metadata": {"name": name, "labels": self._labels()}})]

    def _labels(self) -> dict[str, str]:
        """Ours, some of them true."""
        numbers = ("", "0", "1", "9" * 19, "9" * 63, "x", "007")
        labels = {
            names.MANAGED_BY: names.MANAGER,
            names.RUN_OF: self._name,
            names.ATTEMPT: self.chance.choice(numbers),
            names.FAILURES: self.chance.choice(numbers),
            names.RUN_KIND: self.chance.choice(["", "apply", "plan", "inspect", "downgrade", "Nonsense"]),
            names.PLAN: self.chance.choice(["", "x" * 63]),
            names.UID: "x",
            names.INPUTS: "x",
        }
        true = self._true()
        return labels | {label: true[key] for label, key in _TRUE.items() if self.chance.randrange(3) and key in true}

    def _true(self) -> dict[str, Any]:
        """What a run's record holds: with it, nonsense is taken for ours."""
        migration = read_migration(self.migration)
        if not isinstance(migration.spec, Spec):
            return {"uid": migration.uid}
        inputs = inputs_of(migration, migration.spec, RUNNER_IMAGE)
        inputs = self.chance.choice([inputs, inputs, inputs_of_planning(inputs), inputs_of_inspection(inputs)])
        return {"uid": migration.uid, "inputs": inputs, "job": job_name(migration, inputs, 1)}

    def _status(self, kind: str, name: str, status: Any) -> httpx.Response:
        return self._send("PATCH", kind, f"{name}/status", {"status": status})

    def _send(self, method: str, kind: str, name: str, body: Any) -> httpx.Response:
        return send(self.api, method, kind, name, json.dumps(body).encode())


_TRUE: Final = {names.UID: "uid", names.INPUTS: "inputs"}


def message(chance: random.Random) -> str:
    """Return a termination message: a report, nearly one, or none."""
    odd = {"exit": chance.choice([0, 30, 40, 99, *ODD_NUMBERS]), "pendingCount": chance.choice(ODD_NUMBERS)}
    return chance.choice(
        [
            *("", "x" * 4096, "{", "null", "[]", '{"revgate":1}', deep(4000, "[]"), deep(700)),
            json.dumps(_REPORT),
            json.dumps(_REPORT | odd),
            json.dumps(_REPORT | {"exit": 30, "message": "x\u0000\ud800" * 300, "reason": "Nonsense"}),
            json.dumps(_REPORT | {"current": [chance.choice(ODD_WORDS)] * 300, "read": True}),
            json.dumps(_REPORT).replace('"pendingCount":0', '"pendingCount":1e400'),
            json.dumps(_REPORT).replace('"pendingCount":0', '"pendingCount":' + "9" * 5000),
            json.dumps(damaged(chance, _REPORT)),
            json.dumps(anything(chance)),
        ]
    )


def send(api: Api, method: str, kind: str, name: str, text: bytes, **query: str) -> httpx.Response:
    """Send a body as it is, and return what is answered, a refusal too."""
    kinds = {"PATCH": "application/merge-patch+json"}
    headers = {"Content-Type": kinds.get(method, "application/json")}
    path = f"{PATHS[kind]}/namespaces/{api.namespace}/{kind}{name and '/'}{name}"
    return api.client.request(method, path, content=text, headers=headers, params=query, timeout=_PATIENCE)
