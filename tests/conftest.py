"""Which tests belong together: those that share a cluster run on one worker, in an order that fits them."""

import pytest

SHARED = ("chart", "cluster", "e2e")
LAST = ("test_outage", "test_passwords")
"""The outage ends late, and the search for passwords comes when everything has left its traces."""


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        folder = item.path.parent.name
        if folder in SHARED:
            item.add_marker(pytest.mark.xdist_group(folder))
        if folder == "e2e":
            item.add_marker(pytest.mark.timeout(900))  # the first one pays for the cluster, one waits seven minutes
    items.sort(key=lambda item: next((at + 1 for at, name in enumerate(LAST) if name in item.nodeid), 0))
