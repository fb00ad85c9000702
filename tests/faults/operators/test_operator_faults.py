"""Thirty faults of the operator and of all that it works with: `make faults` does ten times as many.

What is found is repeated with `python tests/faults/run.py --seed` and the seed here.
"""

import os
from collections.abc import Iterator

import pytest

from faults.operators.campaign import Campaign
from faults.operators.scene import Scene, opened
from support.cluster import Cluster
from support.servers import Server

SEED = 20261122
FAULTS = 30

pytestmark = [
    pytest.mark.timeout(290),
    # The tests' own client leaves the socket open whose TLS handshake ends with the API server that is killed here
    pytest.mark.filterwarnings("ignore:(?s).*unclosed <ssl.SSLSocket:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:(?s).*<ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def scene(server15: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    cluster = Cluster.up(f"faults-{os.getpid()}", control_plane_only=True)
    try:
        with opened(cluster, server15, tmp_path_factory.mktemp("operators")) as scene:
            yield scene
    finally:
        cluster.down()


def test_after_thirty_faults_no_history_ran_twice_none_is_lost_and_every_status_is_right(scene: Scene):
    campaign = Campaign(scene, SEED, FAULTS)
    repeat = f"To repeat: python tests/faults/run.py --seed {SEED} --operator-faults {FAULTS} --only operator"
    print(repeat)  # noqa: T201  pytest shows it when the test fails
    *_, tally = campaign.run(FAULTS)
    assert len(tally.struck) >= FAULTS - 3, tally  # of each kind about one
    assert tally.jobs > FAULTS, tally  # or nothing was under way
