"""The CRD at a real API server: what it takes, what it fills in, and what it says to a person who erred."""

import json
import re
from typing import Any

import pytest

from support.api import Api
from support.cluster import Cluster
from support.stage import MIGRATIONS, manifest

pytest_plugins = ["support.operator_fixtures"]

KEY = {"secretKeyRef": {"name": "ledger-db", "key": "user"}}
PARTS = {"host": "db.example", "name": "ledger", "userFrom": KEY, "passwordFrom": KEY}
URL = {"urlFrom": {"secretKeyRef": {"name": "ledger-db", "key": "url"}}}
SMALLEST = """
apiVersion: revgate.io/v1alpha1
kind: SchemaMigration
metadata: {name: ledger}
spec:
  image: registry.example/ledger:1.2.0
  database: {urlFrom: {secretKeyRef: {name: ledger-db, key: url}}}
"""


def apply(cluster: Cluster, api: Api, body: str | dict[str, Any]) -> str:
    """Apply a manifest as a user does and return what kubectl says about a refusal ("" for none)."""
    text = body if isinstance(body, str) else json.dumps(body)
    done = cluster.kubectl("apply", "-n", api.namespace, "-f", "-", stdin=text, check=False)
    return done.stderr if done.returncode else ""


DURATION = "write a duration like 500ms, 30s, 10m or 1h30m"
WHICH = "give either urlFrom, or the parts host, name, userFrom and passwordFrom"
DIRECT = "directUrlFrom goes with urlFrom; with the parts, give the host of the server itself"
OF_SCRIPTS = "alembic.config, section, scriptLocation and xArgs are about the scripts of an image: give image"
BASELINE = 'name one revision by its full id, such as "0001"'
SCHEMA = "name a schema of the application: $user and names that begin with pg_ are PostgreSQL's own"
REVISION = 'name one revision: head, heads, "0008" or branch@head'
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "an image with a space": ({"image": "led ger"}, "spec.image"),
    "an image that is a number": ({"image": 12}, "spec.image"),
    "an image without an end": ({"image": "a" * 513}, "spec.image: Too long"),
    "no database": ({"database": None}, "spec.database"),
    "an empty database": ({"database": {}}, WHICH),
    "a URL and parts": ({"database": URL | PARTS}, WHICH),
    "parts without a user": ({"database": {"host": "db", "name": "x"}}, "host, name and userFrom are needed"),
    "a URL in clear": ({"database": {"urlFrom": "postgresql://u@h/d"}}, "spec.database.urlFrom"),
    "a Secret without a key": (
        {"database": {"urlFrom": {"secretKeyRef": {"name": "a"}}}},
        "spec.database.urlFrom.secretKeyRef.key: Required value",
    ),
    "a Secret without a name": (
        {"database": {"urlFrom": {"secretKeyRef": {"name": "", "key": "url"}}}},
        "spec.database.urlFrom.secretKeyRef.name",
    ),
    "port 0": ({"database": PARTS | {"port": 0}}, "spec.database.port"),
    "a port that is text": ({"database": PARTS | {"port": "5432"}}, "spec.database.port"),
    "an empty host": ({"database": PARTS | {"host": ""}}, "spec.database.host"),
    "a name of 64 characters": ({"database": PARTS | {"name": "x" * 64}}, "spec.database.name"),
    "an sslMode that does not exist": ({"database": PARTS | {"sslMode": "on"}}, 'supported values: "disable"'),
    "a userFrom without a Secret": ({"database": PARTS | {"userFrom": {}}}, "spec.database.userFrom.secretKeyRef"),
    "a passwordFrom that is text": ({"database": PARTS | {"passwordFrom": "p"}}, "spec.database.passwordFrom"),
    "an unquoted revision": ({"targetRevision": 8}, "spec.targetRevision"),
    "an empty revision": ({"targetRevision": ""}, "spec.targetRevision"),
    "a relative revision": ({"targetRevision": "+1"}, REVISION),
    "a downgrade": ({"targetRevision": "-1"}, REVISION),
    "a range": ({"targetRevision": "0001:0002"}, REVISION),
    "a revision with a space": ({"targetRevision": "a b"}, REVISION),
    "suspend in words": ({"suspend": "yes"}, "spec.suspend"),
    **{
        f"timeouts.{name} in words": ({"timeouts": {name: "soon"}}, DURATION)
        for name in ("runner", "lock", "statement", "start", "total")
    },
    "a duration that is a number": ({"timeouts": {"lock": 5}}, "spec.timeouts.lock"),
    "a negative duration": ({"timeouts": {"lock": "-5s"}}, DURATION),
    "retry.initialDelay without a unit": ({"retry": {"initialDelay": "5"}}, DURATION),
    "retry.maxDelay with a space": ({"retry": {"maxDelay": "5 m"}}, DURATION),
    "a negative retry.limit": ({"retry": {"limit": -1}}, "spec.retry.limit"),
    "a retry.limit without an end": ({"retry": {"limit": 1001}}, "spec.retry.limit"),
    "a TTL below a minute": ({"job": {"ttlSecondsAfterFinished": 1}}, "spec.job.ttlSecondsAfterFinished"),
    "a service account without an end": ({"job": {"serviceAccountName": "a" * 254}}, "spec.job.serviceAccountName"),
    "a template that is text": ({"job": {"template": "x"}}, "spec.job.template"),
    "a template whose spec is text": ({"job": {"template": {"spec": "x"}}}, "spec.job.template.spec"),
    "a template whose metadata is a list": ({"job": {"template": {"metadata": []}}}, "spec.job.template.metadata"),
    "a ledger in words": ({"ledger": "on"}, "spec.ledger"),
    "ledger.enabled in words": ({"ledger": {"enabled": "on"}}, "spec.ledger.enabled"),
    "a reader without a name": ({"ledger": {"readers": [""]}}, "spec.ledger.readers[0]"),
    "more readers than anybody has": ({"ledger": {"readers": ["r"] * 51}}, "spec.ledger.readers: Too many"),
    "ledger.edited in other words": ({"ledger": {"edited": "Ignore"}}, 'supported values: "Refuse", "Accept"'),
    "edited files without a ledger": (
        {"ledger": {"enabled": False, "edited": "Accept"}},
        "ledger.edited is about what the ledger knows: leave it out, or let ledger.enabled be true",
    ),
    "a direct URL beside parts": ({"database": PARTS | {"directUrlFrom": URL["urlFrom"]}}, DIRECT),
    "a direct URL in clear": ({"database": URL | {"directUrlFrom": "postgresql://"}}, "spec.database.directUrlFrom"),
    "the role none": ({"database": URL | {"role": "none"}}, 'name a role; "none" is PostgreSQL'),
    "a role of 64 characters": ({"database": URL | {"role": "r" * 64}}, "spec.database.role: Too long"),
    "the schema of whoever logs in": ({"database": URL | {"schema": "$user"}}, SCHEMA),
    "a schema of PostgreSQL's": ({"database": URL | {"schema": "pg_temp"}}, SCHEMA),
    "a schema that is a number": ({"database": URL | {"schema": 7}}, "spec.database.schema"),
    "a version table of 64 characters": (
        {"alembic": {"versionTable": "v" * 64}},
        "spec.alembic.versionTable: Too long",
    ),
    "a section without a name": ({"alembic": {"section": ""}}, "spec.alembic.section"),
    "an argument that is a number": ({"alembic": {"xArgs": {"tenant": 7}}}, "spec.alembic.xArgs.tenant"),
    "arguments as a list": ({"alembic": {"xArgs": ["tenant=acme"]}}, "spec.alembic.xArgs"),
    "an argument with an equals sign": (
        {"alembic": {"xArgs": {"a=b": "c"}}},
        "an argument's name is not empty and holds no equals sign",
    ),
    "an argument without a name": ({"alembic": {"xArgs": {"": "c"}}}, "an argument's name is not empty"),
    "more arguments than anybody has": ({"alembic": {"xArgs": {str(n): "" for n in range(31)}}}, "Too many"),
    "a misspelt field of alembic": ({"alembic": {"xargs": {}}}, 'unknown field "spec.alembic.xargs"'),
    **{
        f"alembic.{field} without an image": ({"image": "", "alembic": {field: value}}, OF_SCRIPTS)
        for field, value in {"config": "a.ini", "section": "a", "scriptLocation": "a", "xArgs": {"a": "b"}}.items()
    },
    "an unquoted baseline": ({"baseline": 1}, "spec.baseline"),
    "a relative baseline": ({"baseline": "-1"}, BASELINE),
    "a baseline that is a branch": ({"baseline": "billing@head"}, BASELINE),
    "a baseline on the way down": (
        {"baseline": "0001", "downgrade": {"to": "0005"}},
        "baseline is about the way up and downgrade.to about the way down: leave one of them out",
    ),
    "a downgrade that wants approval": (
        {"downgrade": {"to": "0005"}, "approval": "Always"},
        "a downgrade is neither planned nor approved",
    ),
    "lint in other words": ({"lint": "Strict"}, 'supported values: "None", "Warn", "Enforce"'),
    "a backup without a claim": ({"backup": {"method": "PgDump"}}, "a backup needs claimName"),
    "a backup by another method": ({"backup": {"method": "Snapshot"}}, 'supported values: "None", "PgDump"'),
    "a backup that keeps none": ({"backup": {"method": "PgDump", "claimName": "a", "keep": 0}}, "spec.backup.keep"),
    "a negative historyLimit": ({"historyLimit": -1}, "spec.historyLimit"),
    "a historyLimit without an end": ({"historyLimit": 101}, "spec.historyLimit"),
    "a field that does not exist": ({"taget": "head"}, 'unknown field "spec.taget"'),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_what_is_wrong_is_refused_with_a_word_about_it(crd: Cluster, api: Api, fault: str):
    spec, words = REFUSED[fault]
    said = apply(crd, api, manifest(**spec))
    assert words in said
    assert not re.search(r"CEL|estimated|no such key|conversion error", said)
    assert api.find(MIGRATIONS) == []


TAKEN = {
    "parts": {"database": PARTS},
    "parts with everything": {"database": PARTS | {"port": 5433, "sslMode": "verify-full"}},
    "a revision": {"targetRevision": "0008"},
    "a head of a branch": {"targetRevision": "billing@head"},
    "durations of many parts": {"timeouts": {"runner": "1h30m", "lock": "1s500ms"}},
    "a direct URL": {"database": URL | {"directUrlFrom": URL["urlFrom"]}},
    "a role and a schema as odd as PostgreSQL takes them": {"database": URL | {"role": 'o "7"', "schema": "Übung %s"}},
    "a project in every detail": {
        "alembic": {
            "config": "db/alembic.ini",
            "section": "billing",
            "scriptLocation": "shop:migrations",
            "versionTable": "billing_version",
            "versionTableSchema": "meta",
            "xArgs": {"tenant": "acme", "empty": "", "not an identifier!": "x=y"},
        }
    },
    "a version table of the bundled scripts": {"image": "", "alembic": {"versionTable": "v", "xArgs": {}}},
    "a baseline": {"baseline": "0001"},
    "lint as an error": {"lint": "Enforce"},
    "a claim that waits for its method": {"backup": {"method": "None", "claimName": "ledger-backups"}},
    "a backup": {"backup": {"method": "PgDump", "claimName": "ledger-backups", "keep": 7}},
    "edited files": {"ledger": {"edited": "Accept"}},
    "nobody reads the ledger": {"ledger": {"readers": []}},
    "a template with what only Kubernetes knows": {"job": {"template": {"spec": {"aField": {"ofTomorrow": 1}}}}},
}


@pytest.mark.parametrize("case", TAKEN)
def test_what_is_right_is_taken(crd: Cluster, api: Api, case: str):
    assert apply(crd, api, manifest(**TAKEN[case])) == ""


def test_the_smallest_migration_is_taken_and_its_defaults_are_filled_in(crd: Cluster, api: Api):
    assert apply(crd, api, SMALLEST) == ""
    spec = (api.get(MIGRATIONS, "ledger") or {})["spec"]
    assert spec["targetRevision"] == "head"
    assert spec["suspend"] is False
    assert spec["timeouts"] == {"runner": "10m", "lock": "500ms", "statement": "0s", "start": "10m", "total": "0s"}
    assert spec["retry"] == {"initialDelay": "5s", "maxDelay": "5m", "limit": 5}
    assert spec["ledger"] == {"enabled": True, "readers": ["PUBLIC"], "edited": "Refuse"}
    assert (spec["baseline"], spec["lint"], spec["backup"]) == ("", "None", {"method": "None", "keep": 3})
    assert spec["database"] == URL | {"role": "", "schema": ""}
    assert spec["alembic"] == {
        **dict.fromkeys(("config", "scriptLocation", "versionTable", "versionTableSchema"), ""),
        "section": "alembic",
    }
    assert spec["job"]["ttlSecondsAfterFinished"] == 86400
    assert spec["historyLimit"] == 10


def test_what_nobody_has_looked_at_yet_is_not_ready(crd: Cluster, api: Api):
    """No status at all would count as ready for Helm and Flux (cluster facts, 1)."""
    assert apply(crd, api, SMALLEST) == ""
    (condition,) = (api.get(MIGRATIONS, "ledger") or {})["status"]["conditions"]
    assert (condition["type"], condition["status"], condition["reason"]) == ("Ready", "Unknown", "Pending")


def test_a_name_that_does_not_fit_a_label_is_refused(crd: Cluster, api: Api):
    said = apply(crd, api, manifest("n" * 64))
    assert "at most 63 characters" in said
    assert apply(crd, api, manifest("n" * 63)) == ""


def test_a_user_cannot_write_the_status_with_the_spec(crd: Cluster, api: Api):
    ready = {"type": "Ready", "status": "True", "reason": "UpToDate", "message": "x"}
    status = {"conditions": [ready | {"lastTransitionTime": "2026-01-01T00:00:00Z"}]}
    assert apply(crd, api, manifest() | {"status": status}) == ""
    assert (api.get(MIGRATIONS, "ledger") or {})["status"]["conditions"][0]["status"] == "Unknown"


def test_the_arguments_of_env_py_are_kept_word_for_word(crd: Cluster, api: Api):
    said = {"tenant": "acme", "Path": "a b$(c)", "empty": ""}
    assert apply(crd, api, manifest(alembic={"xArgs": said})) == ""
    assert (api.get(MIGRATIONS, "ledger") or {})["spec"]["alembic"]["xArgs"] == said


def test_people_see_the_columns_that_they_look_for(crd: Cluster, api: Api):
    assert apply(crd, api, SMALLEST) == ""
    shown = crd.kubectl("get", "-n", api.namespace, "smig").stdout
    assert shown.split("\n")[0].split() == ["NAME", "READY", "REASON", "CURRENT", "TARGET", "PENDING", "AGE"]
    assert "Pending" in shown
    wide = crd.kubectl("get", "-n", api.namespace, "smig", "-o", "wide").stdout
    assert "Waiting for the operator to look at this migration" in wide


def test_every_field_is_explained_by_kubectl(crd: Cluster):
    for field in (
        "spec.database.urlFrom",
        "spec.alembic.xArgs",
        "spec.backup.claimName",
        "spec.timeouts.lock",
        "spec.retry.maxDelay",
        "status.servedRevisions",
    ):
        said = crd.kubectl("explain", f"schemamigration.{field}").stdout
        assert re.search(r"DESCRIPTION:\n\s+\S", said), field
