"""The local cluster keeps its promises: alone in its namespaces, whole after a crash, gone without a trace."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.cluster import LOCAL, Cluster, run

STATES = Path(os.environ.get("REVGATE_STATE", "/run/revgate"))
RESTRICTED = {"readOnlyRootFilesystem": True, "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


@pytest.fixture
def name() -> Iterator[str]:
    chosen = f"test-{os.getpid()}-a"
    yield chosen
    run([LOCAL / "cluster", "down", "--name", chosen])


@pytest.fixture
def other() -> Iterator[str]:
    chosen = f"test-{os.getpid()}-b"
    yield chosen
    run([LOCAL / "cluster", "down", "--name", chosen])


def test_down_leaves_no_process_mount_interface_control_group_or_folder(name: str) -> None:
    cluster = Cluster.up(name, control_plane_only=True)
    before = traces(cluster)
    cluster.down()
    assert before.interface
    assert before.processes
    assert traces_left(before) == []


def test_a_node_runs_the_runner_image_and_leaves_nothing_behind() -> None:
    run([LOCAL / "image", "runner"])
    cluster = Cluster.up("test-node")  # a name of its own: its images are kept for the next time
    try:
        cluster.load(["localhost/revgate-runner:dev"])
        cluster.kubectl("create", "-f", "-", stdin=server())
        cluster.kubectl("expose", "pod", "server", "--port", "80", "--target-port", "8000")
        cluster.kubectl("wait", "--for=condition=Ready", "pod/server", "--timeout=60s")
        cluster.kubectl("create", "-f", "-", stdin=client("http://server.default.svc/"))
        cluster.kubectl("wait", "--for=condition=complete", "job/client", "--timeout=180s")
        assert cluster.kubectl("logs", "job/client").stdout == "65532 200\n"
        assert cluster.kubectl("exec", "server", "--", "revgate", "--version").stdout.startswith("revgate ")
        before = traces(cluster)
    finally:
        cluster.down()
    assert traces_left(before) == []


def test_two_clusters_live_beside_each_other(name: str, other: str) -> None:
    first = Cluster.up(name, control_plane_only=True)
    second = Cluster.up(other, control_plane_only=True)
    first.kubectl("create", "namespace", "only-here")
    assert second.kubectl("get", "namespace", "only-here", check=False).returncode == 1
    second.down()
    assert first.kubectl("get", "namespace", "only-here").returncode == 0


def test_up_of_a_running_cluster_says_so_and_keeps_it(control_plane: Cluster) -> None:
    again = run([LOCAL / "cluster", "up", "--control-plane", "--name", control_plane.name])
    assert again.stderr == f"Cluster {control_plane.name} is up already\n"


@pytest.mark.parametrize("part", ["etcd", "apiserver"])
def test_a_killed_part_comes_back_with_its_data(control_plane: Cluster, part: str) -> None:
    control_plane.kubectl("create", "configmap", f"before-{part}", "--from-literal", "a=b")
    control_plane.kill(part)
    status = run([LOCAL / "cluster", "status", "--name", control_plane.name], check=False)
    assert (status.returncode, f"  {part} is dead\n" in status.stdout) == (1, True)
    control_plane.start(part)
    found = control_plane.kubectl("get", "configmap", f"before-{part}", "-o", "jsonpath={.data.a}")
    assert found.stdout == "b"


def test_logs_of_a_part_that_there_is_not_gets_one_sentence(control_plane: Cluster) -> None:
    done = run([LOCAL / "cluster", "logs", "kubelet", "--name", control_plane.name], check=False)
    sentence = f"Cluster {control_plane.name} has no kubelet: it was started with --control-plane\n"
    assert (done.returncode, done.stderr) == (1, sentence)


def test_up_starts_anew_after_every_process_was_killed(name: str) -> None:
    crashed = Cluster.up(name, control_plane_only=True)
    crashed.kubectl("create", "configmap", "before-the-crash")
    before = traces(crashed)
    for pid in before.processes:
        kill_if_alive(pid)
    eventually(lambda: not any(alive(pid) for pid in before.processes), lambda: str(before.processes))
    assert "stale" in run([LOCAL / "cluster", "status", "--name", name], check=False).stdout
    run([LOCAL / "cluster", "up", "--control-plane", "--name", name])
    assert crashed.kubectl("get", "configmap", "before-the-crash", check=False).returncode == 1


def test_a_recorded_pid_that_is_another_process_now_is_never_signalled(name: str) -> None:
    cluster = Cluster.up(name, control_plane_only=True)
    record = STATES / name / "init"
    pid = int(record.read_text().split()[0])
    bystander = subprocess.Popen(["sleep", "600"])
    try:
        started = record.read_text().split()[1]
        kill_if_alive(pid)
        eventually(lambda: not alive(pid), lambda: f"process {pid} is there")
        record.write_text(f"{bystander.pid} {started}\n")
        cluster.down()
        assert bystander.poll() is None
        assert not (STATES / name).exists()
    finally:
        bystander.kill()
        bystander.wait()


def test_down_all_removes_a_cluster_whose_owner_is_gone_and_no_other(control_plane: Cluster, name: str) -> None:
    owner = subprocess.Popen(["sleep", "600"])
    run([LOCAL / "cluster", "up", "--control-plane", "--name", name, "--owner", str(owner.pid)])
    run([LOCAL / "cluster", "down", "--all"])
    assert (STATES / name).exists()
    owner.kill()
    owner.wait()
    run([LOCAL / "cluster", "down", "--all"])
    assert not (STATES / name).exists()
    assert control_plane.kubectl("get", "--raw", "/readyz").stdout == "ok"


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["up", "--name", "No Name"], "Cluster name No Name is not valid: use small letters, digits and hyphens"),
        (["kill", "etcd", "--name", "nobody"], "Cluster nobody is not running: run deploy/local/cluster up"),
        (["load", "x", "--name", "nobody"], "Cluster nobody is not running: run deploy/local/cluster up"),
    ],
)
def test_a_wrong_word_gets_one_sentence(words: list[str], answer: str) -> None:
    done = run([LOCAL / "cluster", *words], check=False)
    assert (done.returncode, done.stderr[: len(answer)], done.stderr.count("\n")) == (1, answer, 1)


class Traces:
    """What a cluster has on this machine, read while it runs."""

    def __init__(self, name: str) -> None:
        self.folder = STATES / name
        first = int((self.folder / "init").read_text().split()[0])
        space = Path(f"/proc/{first}/ns/pid").readlink()
        self.processes = [int(p.name) for p in Path("/proc").glob("[0-9]*") if pid_space(p) == space]
        self.interface = Path(f"/sys/class/net/rg{(self.folder / 'slot').read_text().strip()}")
        self.index = (self.interface / "ifindex").read_text()
        self.control_groups = list(Path("/sys/fs/cgroup").glob(f"*/revgate/{name}"))


def traces(cluster: Cluster) -> Traces:
    return Traces(cluster.name)


def traces_left(before: Traces) -> list[str]:
    index = before.interface / "ifindex"
    same_interface = index.exists() and index.read_text() == before.index  # the slot may be another cluster's by now
    mounts = [line for line in Path("/proc/self/mounts").read_text().splitlines() if str(before.folder) in line]
    return [
        *(f"process {pid}" for pid in before.processes if alive(pid)),
        *([str(before.interface)] if same_interface else []),
        *(str(group) for group in before.control_groups if group.exists()),
        *([str(before.folder)] if before.folder.exists() else []),
        *mounts,
    ]


def pid_space(process: Path) -> Path | None:
    try:
        return (process / "ns/pid").readlink()
    except OSError:
        return None


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def kill_if_alive(pid: int) -> None:
    if alive(pid):
        os.kill(pid, signal.SIGKILL)


def eventually(holds: Callable[[], bool], world: Callable[[], str], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, world()
        time.sleep(0.02)


def server() -> str:
    return json.dumps({"apiVersion": "v1", "kind": "Pod", **pod("server", "-m", "http.server", "8000", ready=True)})


def client(url: str) -> str:
    """A Job that asks until it is answered: a busy machine's proxy may need a moment to learn of a new service."""
    script = f"import os, urllib.request as u; print(os.getuid(), u.urlopen({url!r}, timeout=20).status)"
    template = pod("client", "-c", script, restart="OnFailure")
    spec = {"backoffLimit": 5, "template": template}
    return json.dumps({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "client"}, "spec": spec})


def pod(name: str, *arguments: str, ready: bool = False, restart: str = "Never") -> dict[str, object]:
    container = {
        "name": name,
        "image": "localhost/revgate-runner:dev",
        "command": ["python", *arguments],
        "securityContext": RESTRICTED,
    }
    if ready:
        container["readinessProbe"] = {"tcpSocket": {"port": 8000}, "periodSeconds": 1}
    security = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    spec = {"restartPolicy": restart, "securityContext": security, "containers": [container]}
    return {"metadata": {"name": name, "labels": {"app": name}}, "spec": spec}
