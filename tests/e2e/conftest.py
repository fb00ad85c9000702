"""One real node for all of these tests: the built images, PostgreSQL in a pod, the operator by its Helm chart."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.cluster import LOCAL, Cluster, run
from support.outage import Outage, begin
from support.waiting import eventually
from support.world import World

_ROOT = Path(__file__).parents[2]
_IMAGES = ("localhost/revgate-operator:dev", "localhost/revgate-runner:dev", "localhost/postgres:15")
_RELEASES = tuple(f"localhost/ledger:{schema}" for schema in ("0005", "0006", "0008"))


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    run([_ROOT / "deploy/demo/images"])
    cluster = Cluster.up(_free_name())
    try:
        cluster.load([*_IMAGES, *_RELEASES])
        yield _furnished(World(cluster))
    finally:
        cluster.down()


def _free_name() -> str:
    """A fixed name keeps the loaded images for the next time; another run beside this one gets a name of its own."""
    taken = run([LOCAL / "cluster", "status", "--name", "e2e"], check=False).returncode == 0
    return f"e2e-{os.getpid()}" if taken else "e2e"


def _furnished(world: World) -> World:
    cluster = world.cluster
    world.namespace("databases", restricted=False)
    manifest = (_ROOT / "deploy/demo/postgres.yaml").read_text()
    world.kubectl("apply", "-n", "databases", "-f", "-", stdin=manifest)
    world.namespace("revgate-system")
    chart = str(_ROOT / "charts/revgate")
    values = "image.repository=localhost/revgate-operator,image.tag=dev"
    runner = "runnerImage.repository=localhost/revgate-runner,runnerImage.tag=dev"
    cluster.helm("install", "revgate", chart, "-n", "revgate-system", "--set", f"{values},{runner}", "--wait")
    world.kubectl("rollout", "status", "-n", "databases", "deploy/postgres", "--timeout=120s")
    eventually("PostgreSQL takes connections over TCP", lambda: world.sql("postgres", "SELECT 1") == "1")
    return world


@pytest.fixture(scope="session", autouse=True)
def outage(world: World) -> Outage:
    """Start before all other tests what the last one waits for."""
    volume = Path(world.cluster.kubeconfig).parent / "volumes" / "away"
    return begin(world, _ROOT / "deploy/demo/postgres.yaml", volume)


@pytest.fixture
def place(world: World, request: pytest.FixtureRequest) -> Callable[..., str]:
    """Return a function that makes a restricted namespace with a fresh database, whose URL is in the Secret db."""

    def make(name: str) -> str:
        world.namespace(name)
        world.secret(name, world.database(name.replace("-", "_")).url)
        return name

    return make
