"""The Job that runs a migration: what a cluster's owner would expect of it."""

import json
import re
import shlex
from typing import Any

import pytest

from revgate.contract import names
from revgate.control.deciding.inputs import database_of, inputs_of
from revgate.control.runs.job import Try, build_job, job_name
from support.builders import BUNDLED, UID, URL_FROM, migration, spec

PARTS = {
    "host": "db.example",
    "port": 5433,
    "name": "ledger",
    "sslMode": "verify-full",
    "userFrom": {"secretKeyRef": {"name": "ledger-db", "key": "user"}},
    "passwordFrom": {"secretKeyRef": {"name": "ledger-db", "key": "password"}},
}


def job(of=None, attempt: int = 1, **asked: Any) -> dict[str, Any]:
    of = of or migration(spec(**asked))
    return build_job(of, of.spec, BUNDLED, Try(inputs_of(of, of.spec, BUNDLED), attempt, failures=2))


def pod_of(made: dict[str, Any]) -> dict[str, Any]:
    return made["spec"]["template"]["spec"]


def container_of(made: dict[str, Any]) -> dict[str, Any]:
    return next(each for each in pod_of(made)["containers"] if each["name"] == names.CONTAINER)


def variables(container: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each.get("value", "") for each in container["env"]}


def expanded(text: str) -> str:
    """What the kubelet makes of a value, where no variable is known: k8s.io/kubernetes/third_party/forked/golang."""
    assert not re.search(r"(?<!\$)(\$\$)*\$\(", text), f"{text} names a variable"
    return text.replace("$$", "$")


def with_pod(**fields: Any) -> dict[str, Any]:
    return {"job": {"template": {"spec": fields}}}


def test_a_job_has_no_owner_because_deleting_the_migration_must_not_stop_its_runner():
    assert "ownerReferences" not in job()["metadata"]


def test_kubernetes_never_tries_again_by_itself():
    made = job()["spec"]
    assert (made["backoffLimit"], made["podReplacementPolicy"]) == (0, "Failed")
    assert made["podFailurePolicy"]["rules"][0]["action"] == "FailJob"
    assert "activeDeadlineSeconds" not in made


def test_the_runner_has_a_minute_to_stop_and_is_not_evicted_for_convenience():
    made = job()
    assert pod_of(made)["terminationGracePeriodSeconds"] >= 60
    assert made["spec"]["template"]["metadata"]["annotations"] == {
        "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
        "karpenter.sh/do-not-disrupt": "true",
    }


def test_a_run_has_the_least_rights():
    made = job()
    pod, container = pod_of(made), container_of(made)
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_the_report_is_read_from_the_termination_message_only():
    container = container_of(job())
    assert container["terminationMessagePolicy"] == "File"
    assert container["terminationMessagePath"] == "/dev/termination-log"


@pytest.mark.parametrize("database", [{"urlFrom": URL_FROM}, PARTS], ids=["url", "parts"])
def test_what_is_secret_comes_by_reference_only(database):
    env = {each["name"]: each for each in container_of(job(database=database))["env"]}
    secret = {"REVGATE_DATABASE_URL", "REVGATE_DATABASE_USER", "REVGATE_DATABASE_PASSWORD"} & env.keys()
    assert secret
    for name in secret:
        assert set(env[name]) == {"name", "valueFrom"}
        assert set(env[name]["valueFrom"]["secretKeyRef"]) == {"name", "key"}


def test_the_parts_of_a_database_become_one_variable_each():
    env = {each["name"]: each.get("value") for each in container_of(job(database=PARTS))["env"]}
    assert (env["REVGATE_DATABASE_HOST"], env["REVGATE_DATABASE_PORT"]) == ("db.example", "5433")
    assert (env["REVGATE_DATABASE_NAME"], env["REVGATE_DATABASE_SSLMODE"]) == ("ledger", "verify-full")
    assert "REVGATE_DATABASE_URL" not in env


def test_every_variable_is_text():
    assert all(isinstance(each.get("value", ""), str) for each in container_of(job(database=PARTS))["env"])


def test_the_runner_learns_what_the_ledger_will_say():
    made = job()
    env = {each["name"]: each.get("value") for each in container_of(made)["env"]}
    assert env["REVGATE_JOB"] == made["metadata"]["name"]
    assert env["REVGATE_IMAGE"] == "ledger:1"
    assert env["REVGATE_OWNER"] == f"shop/ledger/{UID}"


def test_without_an_image_the_bundled_runner_runs_its_own_revisions():
    container = container_of(job(image=""))
    assert container["image"] == BUNDLED
    assert "--bundled" in container["args"]
    assert "--bundled" not in container_of(job())["args"]


def test_the_limits_reach_the_runner():
    limits = {"runner": "1m", "lock": "1s", "statement": "2s", "total": "3h"}
    arguments = container_of(job(timeouts=limits, targetRevision="0008"))["args"]
    assert set(arguments) >= {
        "--target=0008",
        "--runner-timeout=1m",
        "--lock-timeout=1s",
        "--statement-timeout=2s",
        "--total-timeout=3h",
    }


LEDGERS = {
    "by default everybody may read it": ({}, ["--reader=PUBLIC"]),
    "two roles may read it": ({"readers": ["app", "report"]}, ["--reader=app", "--reader=report"]),
    "nobody may read it": ({"readers": []}, []),
    "there is none": ({"enabled": False}, ["--no-ledger"]),
}


@pytest.mark.parametrize("situation", LEDGERS)
def test_the_ledger_is_what_was_asked_for(situation):
    ledger, expected = LEDGERS[situation]
    said = [word for word in container_of(job(ledger=ledger))["args"] if "reader" in word or "ledger" in word]
    assert said == expected


# ---- what only some ask for


def test_what_nobody_asked_for_is_not_said_to_a_runner_that_may_be_older():
    container = container_of(job())
    assert [word.partition("=")[0] for word in container["args"]] == [
        *("--target", "--runner-timeout", "--lock-timeout", "--statement-timeout", "--total-timeout", "--reader")
    ]
    assert not {"ALEMBIC_CONFIG", "REVGATE_X_ARGS", "REVGATE_DIRECT_DATABASE_URL"} & variables(container).keys()


ASKED = {
    "baseline": ({"baseline": "0001"}, "--baseline=0001"),
    "lint": ({"lint": "Enforce"}, "--lint=enforce"),
    "findings told": ({"lint": "Warn"}, "--lint=warn"),
    "edited files": ({"ledger": {"edited": "Accept"}}, "--edited=accept"),
    "role": ({"database": {"urlFrom": URL_FROM, "role": 'the "owner"'}}, '--role=the "owner"'),
    "schema": ({"database": {"urlFrom": URL_FROM, "schema": "shop"}}, "--schema=shop"),
    "section": ({"alembic": {"section": "billing"}}, "--section=billing"),
    "script location": ({"alembic": {"scriptLocation": "shop:migrations"}}, "--script-location=shop:migrations"),
    "version table": ({"alembic": {"versionTable": "v"}}, "--version-table=v"),
    "its schema": ({"alembic": {"versionTableSchema": "meta"}}, "--version-table-schema=meta"),
}


@pytest.mark.parametrize("what", ASKED)
def test_what_was_asked_for_is_an_argument(what):
    asked, word = ASKED[what]
    assert word in container_of(job(**asked))["args"]


def test_env_py_gets_its_arguments_as_they_were_written():
    said = {"tenant": "a b's", "empty": "", "path": "$(REVGATE_DATABASE_URL)"}
    found = variables(container_of(job(alembic={"config": "db/alembic.ini", "xArgs": said})))
    assert found["ALEMBIC_CONFIG"] == "db/alembic.ini"
    words = shlex.split(expanded(found["REVGATE_X_ARGS"]))
    assert words == ["empty=", "path=$(REVGATE_DATABASE_URL)", "tenant=a b's"]


def test_no_field_can_name_a_variable_that_kubernetes_would_fill_in():
    name = "$(REVGATE_DATABASE_PASSWORD) $$(x) $HOME $"
    made = job(targetRevision="$(X)", database=PARTS | {"role": name, "schema": name, "name": name})
    arguments = [expanded(word) for word in container_of(made)["args"]]
    assert {f"--role={name}", f"--schema={name}", "--target=$(X)"} <= set(arguments)
    assert expanded(variables(container_of(made))["REVGATE_DATABASE_NAME"]) == name


def test_the_direct_url_comes_by_reference_beside_the_other():
    direct = {"secretKeyRef": {"name": "ledger-db", "key": "direct"}}
    env = {
        each["name"]: each for each in container_of(job(database={"urlFrom": URL_FROM, "directUrlFrom": direct}))["env"]
    }
    assert env["REVGATE_DATABASE_URL"]["valueFrom"] == URL_FROM
    assert env["REVGATE_DIRECT_DATABASE_URL"] == {"name": "REVGATE_DIRECT_DATABASE_URL", "valueFrom": direct}


BACKUP = {"backup": {"method": "PgDump", "claimName": "ledger-backups", "keep": 7}}


def test_a_backup_goes_to_the_claim_which_any_user_may_write_to():
    made = job(**BACKUP)
    assert {"--backup=/backups", "--backup-keep=7"} <= set(container_of(made)["args"])
    assert {"name": "backups", "mountPath": "/backups"} in container_of(made)["volumeMounts"]
    claim = {"name": "backups", "persistentVolumeClaim": {"claimName": "ledger-backups"}}
    assert claim in pod_of(made)["volumes"]
    assert pod_of(made)["securityContext"]["fsGroup"]
    assert "fsGroup" not in pod_of(job())["securityContext"]
    assert [each["name"] for each in pod_of(job())["volumes"]] == ["tmp"]


# ---- the user's template


def test_a_template_is_laid_over_by_the_name_of_the_container():
    limits = {"name": "migrate", "resources": {"limits": {"memory": "1Gi"}}}
    made = job(**with_pod(containers=[limits, {"name": "proxy", "image": "proxy:1"}]))
    assert container_of(made)["resources"] == {
        "requests": {"cpu": "50m", "memory": "96Mi"},
        "limits": {"memory": "1Gi"},
    }
    assert container_of(made)["command"] == ["revgate", "job"]
    assert [each["name"] for each in pod_of(made)["containers"]] == ["migrate", "proxy"]


def test_a_template_can_not_make_the_pod_start_again():
    assert pod_of(job(**with_pod(restartPolicy="OnFailure")))["restartPolicy"] == "Never"
    assert pod_of(job(**with_pod(restartPolicy=None)))["restartPolicy"] == "Never"


def with_container(**fields: Any) -> dict[str, Any]:
    return with_pod(containers=[{"name": "migrate", **fields}])


TAMPERED = {
    "another image": with_container(image="other:1"),
    "other arguments": with_container(args=["--lint=none"]),
    "no arguments": with_container(args=None),
    "the report elsewhere": with_container(
        terminationMessagePath="/tmp/x", terminationMessagePolicy="FallbackToLogsOnError"
    ),
    "another database": with_container(env=[{"name": "REVGATE_DATABASE_URL", "value": "postgresql://u@h/other"}]),
    "another owner": with_container(env=[{"name": "REVGATE_OWNER", "value": "somebody/else"}]),
    "no environment": with_container(env=None),
    "a probe": with_container(livenessProbe={"exec": {"command": ["false"]}}, startupProbe={"tcpSocket": {"port": 1}}),
    "a restart": with_container(restartPolicy="Always", restartPolicyRules=[{}]),
    "another volume for the backups": with_pod(
        containers=[{"name": "migrate", "volumeMounts": [{"mountPath": "/backups", "name": "cache"}]}],
        volumes=[{"name": "backups", "persistentVolumeClaim": None, "emptyDir": {}}],
    ),
    "no volumes": with_container(volumeMounts=None),
    "no containers": with_pod(containers=None),
    "a deadline": with_pod(activeDeadlineSeconds=1),
}


@pytest.mark.parametrize("how", TAMPERED)
def test_a_template_can_not_take_what_a_run_depends_on(how):
    ours, theirs = job(**BACKUP), job(**BACKUP, **TAMPERED[how])
    held = ("image", "args", "terminationMessagePath", "terminationMessagePolicy")
    one, other = container_of(ours), container_of(theirs)
    assert {field: other[field] for field in held} == {field: one[field] for field in held}
    assert variables(other)["REVGATE_JOB"] == theirs["metadata"]["name"]
    missing = [each for each in one["env"] if each not in other["env"]]
    assert {each["name"] for each in missing} <= {"HOME", "REVGATE_JOB"}
    assert one["volumeMounts"][1] in other["volumeMounts"]
    assert len({each["mountPath"] for each in other["volumeMounts"]}) == len(other["volumeMounts"])
    assert pod_of(ours)["volumes"][1] in pod_of(theirs)["volumes"]
    assert not {"livenessProbe", "startupProbe", "restartPolicy", "restartPolicyRules"} & other.keys()
    assert "activeDeadlineSeconds" not in pod_of(theirs)


def test_a_template_can_start_the_runner_by_another_program_and_give_it_a_home():
    env = [{"name": "HOME", "value": "/home/app"}, {"name": "PGSSLROOTCERT", "value": "/ca.pem"}]
    container = container_of(job(**with_container(command=["vault-env", "revgate", "job"], env=env)))
    assert container["command"] == ["vault-env", "revgate", "job"]
    assert container["args"] == container_of(job())["args"]
    assert variables(container).items() >= {"HOME": "/home/app", "PGSSLROOTCERT": "/ca.pem"}.items()


def test_a_template_can_add_labels_but_not_take_ours():
    labels = {"team": "payments", names.UID: "somebody-else", names.RUN_OF: "other"}
    made = job(job={"template": {"metadata": {"labels": labels, "annotations": {"a": "b"}}}})
    template = made["spec"]["template"]["metadata"]
    assert template["labels"] == made["metadata"]["labels"] | {"team": "payments"}
    assert template["annotations"]["a"] == "b"
    assert "karpenter.sh/do-not-disrupt" in template["annotations"]


def test_a_service_account_is_taken_only_when_it_is_named():
    assert pod_of(job(job={"serviceAccountName": "migrator"}))["serviceAccountName"] == "migrator"
    assert "serviceAccountName" not in pod_of(job())


def test_a_job_is_plain_json():
    assert json.loads(json.dumps(job(**with_pod(nodeSelector={"pool": "db"})))) == job(
        **with_pod(nodeSelector={"pool": "db"})
    )


# ---- labels and the name


def test_the_labels_say_whose_run_it_is_and_which_try():
    of = migration()
    assert job(of, attempt=3)["metadata"]["labels"] == {
        "app.kubernetes.io/managed-by": "revgate",
        "revgate.io/run-of": "ledger",
        "revgate.io/uid": UID,
        "revgate.io/inputs": inputs_of(of, of.spec, BUNDLED),
        "revgate.io/database": database_of(of.spec),
        "revgate.io/attempt": "3",
        "revgate.io/failures": "2",
        "revgate.io/kind": "Apply",
    }


BASE = migration()
OTHERS = {
    "another uid": (migration(uid="other"), "inputs", 1),
    "another generation": (migration(generation=2), "inputs", 1),
    "other inputs, as after an upgrade of the bundled runner": (BASE, "other", 1),
    "another try": (BASE, "inputs", 2),
}


@pytest.mark.parametrize("difference", OTHERS)
def test_what_differs_has_another_name(difference):
    assert job_name(*OTHERS[difference]) != job_name(BASE, "inputs", 1)


def test_the_same_try_has_the_same_name_after_a_crash():
    assert job_name(migration(), "inputs", 1) == job_name(BASE, "inputs", 1)


@pytest.mark.parametrize("name", ["a", "a" * 63, "dots.in.it", "a" * 39 + "-" + "b" * 20, "1-starts-with-a-digit"])
def test_a_job_name_fits_a_label_whatever_the_migration_is_called(name):
    made = job_name(migration(name=name), "inputs", 99999)
    assert len(made) <= 63
    assert made.replace("-", "").isalnum()
    assert made == made.lower()
    assert "--" not in made
