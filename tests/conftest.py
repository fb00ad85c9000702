"""What holds for the tests of all folders."""

import pytest

LAST = ("test_outage", "test_passwords")
"""The outage ends late, and the search for passwords comes when everything has left its traces."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent.name == "e2e":
            item.add_marker(pytest.mark.timeout(900))  # the first one pays for the cluster, one waits seven minutes
    items.sort(key=lambda item: next((at + 1 for at, name in enumerate(LAST) if name in item.nodeid), 0))
