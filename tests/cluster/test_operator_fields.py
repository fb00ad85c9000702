"""Fields of the spec on a real API server: the Job that they make is taken, and a run by it leads to Ready."""

import pytest

from support.stage import Stage

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
