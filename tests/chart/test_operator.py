"""The operator's own process, with the chart's account: everything it does is allowed by the chart's rights."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chart.apiserver import ApiServer, migration
from chart.release import Release
from revgate.contract.reasons import Reason
from revgate.contract.report import Report, encode_report
from support.waiting import eventually

# What must have happened for the test to prove anything; the API server counts reading a log as CONNECT
USED = {
    ("PATCH", "schemamigrations/status"),
    ("POST", "jobs"),
    ("DELETE", "jobs"),
    ("CONNECT", "pods/log"),
    ("LIST", "events"),
    ("POST", "events"),
}
SAMPLE = re.compile(r"^apiserver_request_total{(.*)} (\d+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def log(api: ApiServer, release: Release, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return the log of an operator that runs on this machine with the service account's token."""
    place = tmp_path_factory.mktemp("operator")
    (place / "kubeconfig").write_text(json.dumps(kubeconfig_of(api, release)))
    words = ["operator", "--runner-image", "r:1", "--listen", "127.0.0.1:0"]
    command = [sys.executable, "-m", "revgate", *words]
    environment = {**os.environ, "KUBECONFIG": str(place / "kubeconfig")}
    with (place / "log").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
    try:
        yield place / "log"
    finally:
        process.terminate()
        assert process.wait(timeout=30) == 0, (place / "log").read_text()


def kubeconfig_of(api: ApiServer, release: Release) -> dict[str, Any]:
    """Return the administrator's kubeconfig with the account's token in it."""
    config = json.loads(api.kubectl("config", "view", "--raw", "-o", "json"))
    token = api.kubectl("create", "token", release.name, "-n", release.namespace).strip()
    config["users"][0]["user"] = {"token": token}
    return config


def requests(api: ApiServer) -> Counter[tuple[str, str, str]]:
    """Return how often the API server has answered what: code, verb and resource."""
    counted: Counter[tuple[str, str, str]] = Counter()
    for labels, number in SAMPLE.findall(api.kubectl("get", "--raw", "/metrics")):
        of = dict(re.findall(r'(\w+)="([^"]*)"', labels))
        counted[of["code"], of["verb"], "/".join(filter(None, (of["resource"], of["subresource"])))] += int(number)
    return counted


def ready(api: ApiServer, namespace: str) -> dict[str, Any]:
    conditions = api.read("schemamigration", "ledger", namespace)["status"]["conditions"]
    return next(each for each in conditions if each["type"] == "Ready")


def complaints(log: Path) -> list[str]:
    """Return what the operator logged at a higher level than info."""
    return [line for line in log.read_text().splitlines() if json.loads(line)["level"] != "info"]


def finish(api: ApiServer, namespace: str, report: Report) -> None:
    """Write what a kubelet writes when the runner has ended well."""
    pods = eventually("the Job has a pod", lambda: api.list("pods", namespace))
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    terminated = {"exitCode": 0, "reason": "Completed", "startedAt": now, "finishedAt": now}
    container = {
        "name": "migrate", "image": "r:1", "imageID": "r@sha256:1", "ready": False, "restartCount": 0,
        "state": {"terminated": {**terminated, "message": encode_report(report)}},
    }  # fmt: skip
    patch = json.dumps({"status": {"phase": "Succeeded", "containerStatuses": [container]}})
    name = pods[0]["metadata"]["name"]
    api.kubectl("patch", "pod", name, "-n", namespace, "--subresource=status", "--type=merge", "--patch", patch)


def up_to_date() -> Report:
    """Return a report that sends the operator to the pod's log."""
    return Report(
        exit=0, reason=Reason.UP_TO_DATE, message="Database is at 0001", current=("0001",), target=("0001",),
        edges="0" * 64, read=True,
    )  # fmt: skip


def apply_a_migration(api: ApiServer, namespace: str) -> None:
    api.create(namespace, migration())
    finish(api, namespace, up_to_date())
    eventually(
        "the migration is ready",
        lambda: ready(api, namespace)["status"] == "True",
        world=lambda: api.read("schemamigration", "ledger", namespace),
    )


def fail_to_make_a_pod(api: ApiServer, namespace: str) -> None:
    api.kubectl("create", "quota", "none", "--hard=pods=0", "-n", namespace)
    api.create(namespace, migration())
    eventually(
        "the status says why there is no pod",
        lambda: "quota" in ready(api, namespace)["message"],
        world=lambda: api.read("schemamigration", "ledger", namespace),
    )
    api.kubectl("delete", "schemamigration", "ledger", "-n", namespace)
    eventually("the Job is gone as well", lambda: api.list("jobs", namespace) == [])


def test_the_operator_works_with_the_rights_of_the_chart_and_never_asks_for_more(
    api: ApiServer, log: Path, namespace: str
):
    before = requests(api)
    apply_a_migration(api, namespace)
    fail_to_make_a_pod(api, api.new_namespace("without-room"))
    made = requests(api) - before
    refused = {(verb, resource) for code, verb, resource in made if code == "403"}
    assert refused <= {("POST", "pods")}, log.read_text()  # the Job controller's, by the quota
    assert {(verb, resource) for code, verb, resource in made if code.startswith("2")} >= USED
    assert complaints(log) == []
