"""After everything else has run: the databases' password is in Secrets, and nowhere else."""

from pathlib import Path

from support.world import MARKER, World, traces_of


def test_a_password_appears_nowhere_but_in_secrets(world: World) -> None:
    shown = {
        "objects": world.kubectl("get", "-A", "-o", "json", _kinds(world)),
        "logs": _logs(world),
        "the cluster's own logs": _own_logs(world),
    }
    assert len(shown["objects"]) > 100_000
    assert "ledger" in shown["logs"]
    leaks = [(where, trace) for where, text in shown.items() for trace in traces_of(MARKER) if trace in text]
    assert not leaks


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
