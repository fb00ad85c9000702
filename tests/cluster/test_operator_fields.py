"""Fields of the spec on a real API server: the Job that they make is taken, and a run by it leads to Ready."""

import json

import pytest

from generated.anything import deep
from generated.judging import listed, reason_of
from generated.meddling import send
from revgate.contract import names
from support.stage import MIGRATIONS, Stage, done, manifest

pytest_plugins = ["support.operator_fixtures"]

KEY = {"name": "ledger-db", "key": "url"}
EVERYTHING = {
    "alembic": {"config": "db/alembic.ini", "section": "billing", "scriptLocation": "shop:migrations"}
    | {"versionTable": "v", "versionTableSchema": "meta", "xArgs": {"tenant": "acme"}},
    "database": {"urlFrom": {"secretKeyRef": KEY}, "directUrlFrom": {"secretKeyRef": KEY}}
    | {"role": 'o "7"', "schema": "Übung"},
    "baseline": "0001",
    "lint": "Enforce",
    "backup": {"method": "PgDump", "claimName": "ledger-backups"},
    "ledger": {"edited": "Accept"},
}
TAMPERING = {"name": "migrate", "args": ["--lint=none"], "livenessProbe": {"exec": {"command": ["false"]}}}


def test_a_migration_that_says_everything_gets_its_job_and_is_ready(stage: Stage):
    stage.apply(**EVERYTHING)
    job = stage.next_job()
    pod = (stage.api.get("jobs", job) or {})["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert {'--role=o "7"', "--lint=enforce", "--backup=/backups", "--section=billing"} <= set(container["args"])
    assert {"name": "ALEMBIC_CONFIG", "value": "db/alembic.ini"} in container["env"]
    assert [each["persistentVolumeClaim"]["claimName"] for each in pod["volumes"][1:]] == ["ledger-backups"]
    stage.bring_to_ready()


@pytest.mark.parametrize("where", ["before", "after"])
def test_a_default_that_is_written_out_starts_no_run(stage: Stage, where: str):
    plain = {"lint": "None", "baseline": "", "backup": {"method": "None"}, "alembic": {"section": "alembic"}}
    stage.apply(**(plain if where == "before" else {}))
    job = stage.bring_to_ready()
    stage.apply(**(plain if where == "after" else {"suspend": False, "historyLimit": 9}))
    stage.until_true("Ready", "UpToDate")
    assert stage.jobs() == [job]


def test_a_template_leaves_to_the_run_what_it_depends_on(stage: Stage):
    stage.apply(lint="Enforce", job={"template": {"spec": {"containers": [TAMPERING]}}})
    job = stage.next_job()
    (container,) = (stage.api.get("jobs", job) or {})["spec"]["template"]["spec"]["containers"]
    assert "--lint=enforce" in container["args"]
    assert "livenessProbe" not in container
    stage.bring_to_ready()


def test_a_template_nested_beyond_all_sense_is_an_invalid_spec_and_blinds_the_operator_for_nobody(stage: Stage):
    """The API server takes ten thousand levels; Python's parser, Kopf and pydantic end at a thousand and below."""
    text = json.dumps(manifest("deep", job={"template": {"spec": "HERE"}})).replace('"HERE"', deep(5000))
    assert send(stage.api, "POST", MIGRATIONS, "", text.encode()).is_success

    def message() -> str:
        (found,) = [each for each in listed(stage.api) if each["metadata"]["name"] == "deep"]
        return str(found["status"]["conditions"][0]["message"]) if reason_of(found) == "InvalidSpec" else ""

    assert "spec.job is not valid: it is nested deeper than 50 levels" in stage.until("It is not valid", message)
    stage.apply("before")
    first = stage.next_job(name="before")
    stage.operator.stop()
    stage.operator.start()
    stage.apply("after")
    stage.bring_to_ready("after")
    stage.kubelet.finish(first, done())
    stage.until_true("Ready", "UpToDate", "before")
    assert send(stage.api, "DELETE", MIGRATIONS, "deep", b"").is_success


@pytest.mark.parametrize("job", ["", "x"])
def test_a_pod_that_only_looks_like_ours_does_not_hide_why_the_job_was_refused(stage: Stage, job: str):
    uid = stage.apply(suspend=True)["metadata"]["uid"]
    labels = {names.MANAGED_BY: names.MANAGER, names.RUN_OF: "ledger", names.UID: uid, names.INPUTS: "x"}
    labels |= {names.ATTEMPT: "7", "batch.kubernetes.io/job-name": job, "batch.kubernetes.io/controller-uid": "x"}
    spec = {"containers": [{"name": "migrate", "image": "x"}], "schedulingGates": [{"name": "tests.example/never"}]}
    stage.api.create("pods", {"metadata": {"name": "strange", "labels": labels}, "spec": spec})
    over = {"terminated": {"exitCode": 1, "finishedAt": "2026-11-22T21:00:00Z"}}
    container = {"name": "migrate", "image": "x", "imageID": "", "ready": False, "restartCount": 0, "state": over}
    stage.api.patch("pods", "strange", {"status": {"phase": "Failed", "containerStatuses": [container]}}, "status")
    stage.apply(suspend=False, job={"template": {"spec": {"volumes": [7]}}})
    stage.until_true("Stalled", "JobRefused")
    version = stage.migration()["metadata"]["resourceVersion"]
    stage.annotate("1")
    stage.until("It was tried again", lambda: stage.migration()["metadata"]["resourceVersion"] != version)
    stage.until_true("Stalled", "JobRefused")
