"""What holds for the tests of all folders."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from support.servers import Server, running_server

LAST = ("test_outage", "test_passwords")
"""The outage ends late, and the search for passwords comes when everything has left its traces."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent.name == "e2e":
            item.add_marker(pytest.mark.timeout(900))  # the first one pays for the cluster, one waits seven minutes
    items.sort(key=lambda item: next((at + 1 for at, name in enumerate(LAST) if name in item.nodeid), 0))


@pytest.fixture(scope="session")
def servers() -> Iterator[Callable[[int], Server]]:
    """Give a server by its major version: started at the first question, stopped when the session ends."""
    running: dict[int, Server] = {}
    with ExitStack() as stack:

        def of(major: int) -> Server:
            if major not in running:
                running[major] = stack.enter_context(running_server(major))
            return running[major]

        yield of
