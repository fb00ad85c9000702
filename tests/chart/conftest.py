"""A control plane without a node: the API server, its policies and controllers are real, pods are never run."""

import os
from collections.abc import Iterator
from dataclasses import replace

import pytest

from chart.apiserver import ApiServer
from chart.release import CHART, Release
from support.cluster import LOCAL, Cluster, run


@pytest.fixture(scope="session")
def programs() -> str:
    """Return the folder of kubectl and helm."""
    return run([LOCAL / "cluster", "bin"]).stdout.strip()


@pytest.fixture(scope="session")
def helm(programs: str) -> str:
    return f"{programs}/helm"


@pytest.fixture(scope="session")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    cluster = Cluster.up(f"chart-{os.getpid()}", control_plane_only=True)
    # kubectl must not remember what another cluster at this address served
    caches = {"KUBECACHEDIR": str(tmp_path_factory.mktemp("kubectl"))}
    try:
        yield ApiServer(replace(cluster, environment={**cluster.environment, **caches}))
    finally:
        cluster.down()


@pytest.fixture(scope="module")
def release(api: ApiServer) -> Iterator[Release]:
    """Return the chart, installed with its defaults in a namespace that enforces restricted Pod Security."""
    release = Release(api, "revgate", api.new_namespace("revgate-of-a-module", restricted=True))
    try:
        release.install(CHART)
        release.until_policy_holds()
        yield release
    finally:
        release.uninstall()


@pytest.fixture
def namespace(api: ApiServer) -> str:
    """Return a namespace of the test's own."""
    return api.new_namespace()
