"""The fixtures around an operator on a control plane.

A test module says `pytest_plugins = ["support.operator_fixtures"]`.
"""

import secrets
from collections.abc import Iterator

import httpx
import pytest

from support.api import Api, connected
from support.cluster import LOCAL, Cluster
from support.kubelet import Kubelet
from support.operator import Operator
from support.stage import Stage

CRD = LOCAL.parent / "crds"


@pytest.fixture(scope="session")
def crd(control_plane: Cluster) -> Cluster:
    """The control plane with our CRDs."""
    control_plane.define(CRD)
    return control_plane


@pytest.fixture(scope="session")
def client(crd: Cluster) -> Iterator[httpx.Client]:
    with connected(crd) as client:
        yield client


@pytest.fixture(scope="session")
def operator_process(crd: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    """One operator for all tests, because one cluster has one."""
    operator = Operator(crd, tmp_path_factory.mktemp("operator") / "log", "--scheduling-gate", "--http-gate")
    try:
        yield operator
    finally:
        operator.kill()


@pytest.fixture
def api(client: httpx.Client) -> Api:
    """A namespace of the test's own."""
    namespace = f"test-{secrets.token_hex(4)}"
    client.post("/api/v1/namespaces", json={"metadata": {"name": namespace}}).raise_for_status()
    return Api(client, namespace)


@pytest.fixture
def stage(api: Api, operator_process: Operator) -> Iterator[Stage]:
    """The operator at work in a namespace; at the end, no pass of it may have failed."""
    operator_process.start()
    operator_process.may_fail = False
    position = operator_process.position()
    stage = Stage(api, Kubelet(api), operator_process)
    yield stage
    said = operator_process.said(position)
    assert "pass failed" not in said or operator_process.may_fail, said
