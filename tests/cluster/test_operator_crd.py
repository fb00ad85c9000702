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
    assert spec["ledger"] == {"enabled": True, "readers": ["PUBLIC"]}
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


def test_people_see_the_columns_that_they_look_for(crd: Cluster, api: Api):
    assert apply(crd, api, SMALLEST) == ""
    shown = crd.kubectl("get", "-n", api.namespace, "smig").stdout
    assert shown.split("\n")[0].split() == ["NAME", "READY", "REASON", "CURRENT", "TARGET", "PENDING", "AGE"]
    assert "Pending" in shown
    wide = crd.kubectl("get", "-n", api.namespace, "smig", "-o", "wide").stdout
    assert "Waiting for the operator to look at this migration" in wide


def test_every_field_is_explained_by_kubectl(crd: Cluster):
    for field in ("spec.database.urlFrom", "spec.timeouts.lock", "spec.retry.maxDelay", "status.servedRevisions"):
        said = crd.kubectl("explain", f"schemamigration.{field}").stdout
        assert re.search(r"DESCRIPTION:\n\s+\S", said), field
