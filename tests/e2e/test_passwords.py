"""After everything else has run: the databases' password is in Secrets, and nowhere else."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from support.api import connected
from support.cluster import run
from support.leaks import leaks_in
from support.world import MARKER, World

SYSTEM = "revgate-system"
NAMESPACE = "passwords"
_RUNNER = 65532  # the uid of a run
_CHART = str(Path(__file__).parents[2] / "charts/revgate")
_ALL_ON = ("schedulingGate.enabled", "httpGate.enabled", "webhook.enabled")
_PLUGIN = "import sys; from revgate.cli.kubectl.main import main; sys.exit(main(sys.argv[1:]))"

# What a run leaves in the folder that its hooks share: names, and what is in them
_LEFTOVERS = (
    "import os; [print(os.path.join(d, f), open(os.path.join(d, f), errors='replace').read())"
    " for d, _, files in os.walk('/tmp') for f in files]; print('left', os.listdir('/tmp'))"
)
_HOOKS = {
    "before": [{"name": "current", "command": ["revgate", "current"]}],
    "after": [{"name": "leftovers", "command": ["/opt/revgate/bin/python", "-c", _LEFTOVERS]}],
}


@pytest.fixture(scope="module")
def claim(world: World) -> Path:
    """A claim for backups, in a folder of this machine."""
    folder = Path(world.cluster.kubeconfig).parent / "volumes" / "searched"
    folder.mkdir(parents=True)
    os.chown(folder, _RUNNER, _RUNNER)
    size = {"accessModes": ["ReadWriteOnce"], "storageClassName": ""}
    volume = {**size, "capacity": {"storage": "1Gi"}, "hostPath": {"path": str(folder)}}
    wanted = {**size, "volumeName": NAMESPACE, "resources": {"requests": {"storage": "1Gi"}}}
    world.namespace(NAMESPACE)
    bodies = (("PersistentVolume", NAMESPACE, volume), ("PersistentVolumeClaim", "backups", wanted))
    for kind, name, spec in bodies:
        world.apply(NAMESPACE, {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, "spec": spec})
    return folder


@pytest.fixture(scope="module")
def shown(world: World, claim: Path) -> dict[str, str]:
    """Return all that can be seen after a migration has used everything that there is."""
    earlier = world.kubectl("logs", "-n", SYSTEM, "-l", "app.kubernetes.io/name=revgate", "--tail=-1")
    switched_on = [word for name in _ALL_ON for word in ("--set", f"{name}=true")]
    once = ("--set", "webhook.replicas=1", "--reuse-values", "--wait", "--timeout", "3m")
    world.cluster.helm("upgrade", "revgate", _CHART, "-n", SYSTEM, *switched_on, *once)
    world.secret(NAMESPACE, world.database(NAMESPACE).url)
    world.secret(NAMESPACE, f"postgresql://{NAMESPACE}:{MARKER}@postgres.databases/{NAMESPACE}", "as-it-is")
    not_encoded = {"urlFrom": {"secretKeyRef": {"name": "as-it-is", "key": "url"}}}
    world.migrate(NAMESPACE, "not-encoded", database=not_encoded)
    backup = {"method": "PgDump", "claimName": "backups"}
    world.migrate(NAMESPACE, approval="Always", lint="Warn", backup=backup, hooks=_HOOKS, drift={"interval": "1m"})
    world.until(NAMESPACE, "Reconciling", "AwaitingApproval")
    world.apply(NAMESPACE, _pod("held", "9999"))
    before = [_plugin(world, "plan", "ledger"), _plugin(world, "why", "held"), _plugin(world, "status", "ledger")]
    before.append(_plugin(world, "approve", "ledger", "--yes"))
    world.until(NAMESPACE, "Ready", "UpToDate", timeout=120)
    world.until(NAMESPACE, "Stalled", "InvalidDatabaseUrl", "not-encoded")
    return {
        "objects": world.kubectl("get", "-A", "-o", "json", "--show-managed-fields", _kinds(world)),
        "described": world.kubectl("describe", "-A", "smig,splan,jobs,events", check=False),  # a Job may go meanwhile
        "the operators' earlier logs": earlier,
        "logs": _logs(world),
        "the cluster's own logs": _own_logs(world),
        "kubectl revgate": "\n".join([*before, *_plugins(world)]),
        "over HTTP": _over_http(world),
        "backups": _backups(claim),
    }


def test_what_is_searched_has_everything_in_it(shown: dict[str, str]) -> None:
    assert len(shown["objects"]) > 100_000
    for where, words in {
        "objects": ('"kind": "SchemaPlan"', '"approved"', "managedFields", "WaitingForSchema", "InvalidDatabaseUrl"),
        "described": ("SchemaPlan", "InvalidDatabaseUrl", "Pod Template:", "SuccessfulCreate"),
        "the operators' earlier logs": ("operator started", "lease taken"),
        "logs": ("ledger", '{"revgate":"plan"', "left [", "backup", "webhook"),
        "kubectl revgate": ("CREATE TABLE", "Held", "UpToDate", "was approved by", "percent-encode"),
        "over HTTP": ("revgate_migration", '"state": "Served"', '"state": "PastFloor"'),
        "backups": ("passwords", "PGDMP"),
    }.items():
        assert [word for word in words if word not in shown[where]] == [], (where, shown[where][-4000:])


def test_a_password_appears_nowhere_but_in_secrets(shown: dict[str, str]) -> None:
    assert leaks_in(shown, MARKER) == []


def _pod(name: str, requires: str) -> dict[str, Any]:
    """Return a pod that the webhook holds."""
    labels, annotations = {"revgate.io/migration": "ledger"}, {"revgate.io/requires": requires}
    security = {"runAsNonRoot": True, "runAsUser": 1, "seccompProfile": {"type": "RuntimeDefault"}}
    container = {"name": "app", "image": "localhost/ledger:0008", "securityContext": _LIMITED}
    metadata = {"name": name, "labels": labels, "annotations": annotations}
    spec = {"containers": [container], "securityContext": security}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


_LIMITED = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def _plugin(world: World, *words: str) -> str:
    """Return what `kubectl revgate` prints, on both streams."""
    command = [sys.executable, "-c", _PLUGIN, *words, "-n", NAMESPACE]
    done = run(command, check=False, environment=world.cluster.environment)
    return done.stdout + done.stderr


def _plugins(world: World) -> list[str]:
    said = [_plugin(world, *words.split()) for words in ("status -o json", "history ledger", "history ledger -o json")]
    named = [_plugin(world, verb, name) for verb in ("status", "logs") for name in ("ledger", "not-encoded")]
    return [*said, *named, _plugin(world, "logs", "ledger", "--previous"), _plugin(world, "why", "held")]


def _over_http(world: World) -> str:
    """Return what the operator answers to whoever reaches it."""
    service = f"/api/v1/namespaces/{SYSTEM}/services/revgate-gate:http/proxy"
    questions = [f"gate/{NAMESPACE}/{name}?requires=0008" for name in ("ledger", "not-encoded", "absent")]
    paths = ["metrics", "readyz", *questions, f"gate/{NAMESPACE}/ledger?requires=9999"]
    with connected(world.cluster) as client:
        return "\n".join(client.get(f"{service}/{path}").text for path in paths)


def _backups(claim: Path) -> str:
    """Return the names of all files on the claim, and what is in them."""
    files = [path for path in claim.rglob("*") if path.is_file()]
    return "\n".join(f"{path} {path.read_bytes().decode(errors='replace')}" for path in files)


def _kinds(world: World) -> str:
    listed = world.kubectl("api-resources", "--verbs=list", "-o", "name").split()
    return ",".join(kind for kind in listed if kind != "secrets")


def _logs(world: World) -> str:
    pods = world.kubectl(
        "get", "pods", "-A", "-o", "jsonpath={range .items[*]}{.metadata.namespace} {.metadata.name}{'\\n'}{end}"
    )
    texts = []
    for line in pods.splitlines():
        namespace, name = line.split()
        texts.append(world.kubectl("logs", "-n", namespace, name, "--all-containers", check=False))
    return "\n".join([pods, *texts])


def _own_logs(world: World) -> str:
    folder = Path(world.cluster.kubeconfig).parent / "log"
    return "\n".join(path.read_text(errors="replace") for path in folder.glob("*.log"))
