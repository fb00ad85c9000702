"""One control plane for all tests in this folder that only need an API server."""

import os
from collections.abc import Iterator

import pytest

from support.cluster import Cluster


@pytest.fixture(scope="session")
def control_plane() -> Iterator[Cluster]:
    """etcd, API server and controllers, without a node: pods stay Pending until a test writes their status."""
    cluster = Cluster.up(f"test-{os.getpid()}", control_plane_only=True)
    try:
        yield cluster
    finally:
        cluster.down()
