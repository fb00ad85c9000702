"""The fixtures around `kubectl revgate`; a test module names them in pytest_plugins, beside operator_fixtures."""

from collections.abc import Iterator

import httpx
import pytest

from support.api import Api
from support.cluster import Cluster
from support.node import Node, running_node
from support.operator import Operator
from support.plugin import Plugin, Written


@pytest.fixture(scope="module")
def way_to_cluster(crd: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Lead this process's kubectl to the cluster; it must not remember what another one at this address served."""
    with pytest.MonkeyPatch.context() as environment:
        for name in ("PATH", "KUBECONFIG"):
            environment.setenv(name, crd.environment[name])
        environment.setenv("KUBECACHEDIR", str(tmp_path_factory.getbasetemp() / "kubectl"))
        yield


@pytest.fixture
def revgate(way_to_cluster: None, api: Api, capfd: pytest.CaptureFixture[str]) -> Plugin:
    """The verbs in a namespace of the test's own."""
    return Plugin(api, capfd.readouterr)


@pytest.fixture
def written(api: Api, operator_process: Operator) -> Written:
    """What an operator wrote, while none runs that would write something else."""
    operator_process.kill()
    return Written(api)


@pytest.fixture(scope="module")
def node(crd: Cluster, client: httpx.Client, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node of the cluster that has logs."""
    with running_node(crd, client, tmp_path_factory.mktemp("node")) as node:
        yield node
