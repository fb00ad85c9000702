"""A node with PostgreSQL in a pod and the operator by its Helm chart, from the images that were built here."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.cluster import LOCAL, Cluster, run
from support.waiting import eventually
from support.world import World

_ROOT = Path(__file__).parents[2]
_IMAGES = ("localhost/revgate-operator:dev", "localhost/revgate-runner:dev", "localhost/postgres:15")
_RELEASES = tuple(f"localhost/ledger:{schema}" for schema in ("0005", "0006", "0008"))


@contextmanager
def furnished(name: str) -> Iterator[World]:
    """Build the images and yield a cluster that has them, PostgreSQL and the operator; take it down at the end.

    A fixed name keeps the loaded images for the next time; another run beside this one gets a name of its own.
    """
    run([_ROOT / "deploy/demo/images"])
    cluster = Cluster.up(_free(name))
    try:
        cluster.load([*_IMAGES, *_RELEASES])
        yield _with_all(World(cluster))
    finally:
        cluster.down()


def _free(name: str) -> str:
    taken = run([LOCAL / "cluster", "status", "--name", name], check=False).returncode == 0
    return f"{name}-{os.getpid()}" if taken else name


def _with_all(world: World) -> World:
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
