"""One real node for all of these tests: the built images, PostgreSQL in a pod, the operator by its Helm chart."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.furnished import furnished
from support.outage import Outage, begin
from support.world import World

_ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    with furnished("e2e") as world:
        yield world


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
