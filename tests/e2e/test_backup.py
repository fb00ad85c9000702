"""spec.backup on a real node: the runner's image has what makes a dump, and what brings it back."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from support.leaks import traces_of
from support.waiting import eventually
from support.world import MARKER, RUNNER, World, secret

PLACE = "backups"
CLAIM = "kept"
_RUNNER_ID = 65532
_SECURITY = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "readOnlyRootFilesystem": True}


@pytest.fixture
def folder(world: World) -> Path:
    """A folder of the node, behind a claim of the namespace."""
    path = Path(world.cluster.kubeconfig).parent / "volumes" / PLACE
    path.mkdir(parents=True)
    os.chown(path, _RUNNER_ID, _RUNNER_ID)  # whoever makes a volume of this kind must see to that
    size = {"storage": "1Gi"}
    usual = {"accessModes": ["ReadWriteOnce"], "storageClassName": ""}
    volume = {**usual, "capacity": size, "hostPath": {"path": str(path)}, "persistentVolumeReclaimPolicy": "Retain"}
    claim = {**usual, "resources": {"requests": size}, "volumeName": PLACE}
    world.namespace(PLACE)
    world.apply(
        PLACE,
        {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": PLACE}, "spec": volume},
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": CLAIM}, "spec": claim},
    )
    return path


def test_the_dump_of_a_backup_can_be_brought_back_with_the_runners_image(world: World, folder: Path):
    database = world.database(PLACE)
    world.secret(PLACE, database.url)
    world.migrate(PLACE, targetRevision="0006")
    world.until(PLACE, "Ready", "UpToDate")
    assert list(folder.iterdir()) == []
    before = world.sql(database.name, "SELECT count(*) FROM accounts")

    world.migrate(PLACE, backup={"method": "PgDump", "claimName": CLAIM, "keep": 2})
    world.until(PLACE, "Ready", "UpToDate")
    assert world.sql(database.name, "SELECT version_num FROM alembic_version") == "0008"
    written = taken(folder)
    assert (written["revision"], written["server"].startswith("PostgreSQL 15.")) == (["0006"], True)

    world.sql("postgres", f"ALTER ROLE {database.name} CREATEDB")
    script = "\n".join(["set -e", "test -r " + written["path"], *written["restore"]])
    log = run_in_runner(world, script)
    restored = f"{database.name}_restored"
    assert world.sql(restored, "SELECT version_num FROM alembic_version") == "0006", log
    assert world.sql(restored, "SELECT count(*) FROM accounts") == before
    assert not any(trace in log for trace in traces_of(MARKER))


def taken(folder: Path) -> dict[str, Any]:
    """Return what is written down of the one backup, which nobody else may read."""
    dump, sidecar = sorted(folder.iterdir())
    assert (dump.suffix, sidecar.name) == (".dump", f"{dump.name}.json")
    assert {oct(each.stat().st_mode & 0o777) for each in (dump, sidecar)} == {"0o600"}
    return json.loads(sidecar.read_text())


def run_in_runner(world: World, script: str) -> str:
    """Run a script in a pod of the runner's image that has the claim; return what it printed."""
    container = {
        "name": "restore",
        "image": RUNNER,
        "imagePullPolicy": "Never",
        "command": ["sh", "-c", script],
        "env": [{"name": "PGPASSWORD", "valueFrom": {"secretKeyRef": {"name": "restore", "key": "password"}}}],
        "securityContext": _SECURITY,
        "volumeMounts": [{"name": "claim", "mountPath": "/backups"}, {"name": "tmp", "mountPath": "/tmp"}],
    }
    spec = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _RUNNER_ID,
            "runAsGroup": _RUNNER_ID,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [
            {"name": "claim", "persistentVolumeClaim": {"claimName": CLAIM}},
            {"name": "tmp", "emptyDir": {}},
        ],
    }
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "restore"}, "spec": spec}
    world.apply(PLACE, secret(MARKER, "restore", "password"), pod)

    def phase() -> str:
        said = world.get(PLACE, "pod", "restore").get("status", {}).get("phase", "")
        return said if said in {"Succeeded", "Failed"} else ""

    ended = eventually("the dump is brought back", phase, 60, lambda: world.picture(PLACE))
    log = world.kubectl("logs", "-n", PLACE, "restore")
    assert ended == "Succeeded", log
    return log
