"""The release before this one: its chart, its program, and each field of the spec that it knew."""

import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from chart.apiserver import REPOSITORY, ApiServer
from chart.release import Release
from chart.test_operator import kubeconfig_of
from support.cluster import run
from support.operator import Operator

_FOLDER = REPOSITORY / "tests/releases/0.1.0"
CHART = _FOLDER / "revgate-0.1.0.tgz"
_WHEEL = _FOLDER / "revgate-0.1.0-py3-none-any.whl"
_KEY = {"secretKeyRef": {"name": "ledger-db", "key": "url"}}
_POD = {"metadata": {"labels": {"team": "db"}}, "spec": {"nodeSelector": {"pool": "databases"}}}

# In as few migrations as the rules of the spec allow
EVERY_FIELD: dict[str, dict[str, Any]] = {
    "everything": {
        "image": "registry.example/ledger:1.2.0",
        "alembic": {"config": "db/alembic.ini", "section": "billing", "scriptLocation": "shop:migrations"}
        | {"versionTable": "v", "versionTableSchema": "meta", "xArgs": {"tenant": "acme"}},
        "database": {"urlFrom": _KEY, "directUrlFrom": _KEY, "role": 'o "7"', "schema": "Übung"},
        "targetRevision": "0002",
        "baseline": "0001",
        "mode": "Apply",
        "approval": "Never",
        "lint": "Enforce",
        "backup": {"method": "PgDump", "claimName": "ledger-backups", "keep": 7},
        "drift": {"interval": "24h"},
        "suspend": False,
        "timeouts": {"runner": "1m", "lock": "1s", "statement": "2m", "start": "3m", "total": "4m"},
        "retry": {"initialDelay": "6s", "maxDelay": "6m", "limit": 6},
        "job": {"serviceAccountName": "default", "ttlSecondsAfterFinished": 3600, "template": _POD},
        "ledger": {"enabled": True, "readers": ["app"], "edited": "Accept"},
        "historyLimit": 3,
    },
    "in-parts": {
        "database": {"urlFrom": None, "host": "db", "port": 6432, "name": "ledger", "sslMode": "verify-full"}
        | {"userFrom": _KEY, "passwordFrom": _KEY},
    },
    "gone-down": {"downgrade": {"to": "0001", "image": "registry.example/ledger:1.1.0"}},
}


def fields_of_its_spec() -> set[str]:
    """Return the fields that it knew, two levels deep."""
    crd = yaml.safe_load(run(["tar", "-xzOf", CHART, "revgate/crds/schemamigrations.yaml"]).stdout)
    spec = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    return {path for name, field in spec.items() for path in _below(name, field.get("properties", ()))}


def fields_in_use() -> set[str]:
    """Return the fields that some migration of EVERY_FIELD has."""
    given = [item for spec in EVERY_FIELD.values() for item in spec.items()]
    return {path for name, value in given for path in _below(name, value if isinstance(value, dict) else ())}


def _below(name: str, inner: Any) -> set[str]:
    return {f"{name}.{each}" for each in inner} or {name}


def its_program(folder: Path) -> str:
    """Unpack its wheel; return what PYTHONPATH must be so that it runs."""
    with zipfile.ZipFile(_WHEEL) as wheel:
        wheel.extractall(folder)
    return str(folder)


def operator_of(api: ApiServer, release: Release, folder: Path, **environment: str) -> Operator:
    """Return an operator that has the rights of the chart's account, and shares its Lease."""
    folder.mkdir()
    (folder / "kubeconfig").write_text(json.dumps(kubeconfig_of(api, release)))
    environment = {**api.cluster.environment, "KUBECONFIG": str(folder / "kubeconfig"), **environment}
    lease = f"{release.namespace}/{release.name}"
    return Operator(
        replace(api.cluster, environment=environment), folder / "log", "--scheduling-gate", "--lease", lease
    )
