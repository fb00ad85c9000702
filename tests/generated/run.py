"""Generated resources at length: what `make generated` runs.

python tests/generated/run.py [--seed N] [--count 10000] [--first 0] [--batch 500]
"""

import argparse
import os
import secrets
import sys
import tempfile
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from generated.campaign import Campaign
from support.api import connected
from support.cluster import Cluster
from support.operator import Operator
from support.operator_fixtures import CRD


def main() -> int:
    """Run and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="of an earlier run, to repeat it")
    parser.add_argument("--count", type=int, default=10_000, help="of resources")
    parser.add_argument("--first", type=int, default=0, help="number: a batch of an earlier run begins there")
    parser.add_argument("--batch", type=int, default=500, help="resources that are there at once")
    options = parser.parse_args()
    cluster = Cluster.up(f"generated-{os.getpid()}", control_plane_only=True)
    try:
        return _run(cluster, options)
    finally:
        cluster.down()


def _run(cluster: Cluster, options: argparse.Namespace) -> int:
    cluster.kubectl("apply", "-f", str(CRD))
    cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", "-f", str(CRD))
    began, faults, end = time.monotonic(), 0, options.first + options.count
    with tempfile.TemporaryDirectory() as folder, connected(cluster) as client:
        operator = Operator(cluster, Path(folder) / "log", "--scheduling-gate", "--http-gate")
        campaign = Campaign(client, operator, options.seed)
        try:
            for first in range(options.first, end, options.batch):
                operator.start()
                faults += not _is_well(campaign, range(first, min(end, first + options.batch)))
                _say(
                    f"{time.monotonic() - began:6.0f} s  {first + options.batch - options.first} done\n{campaign.tally}"
                )
        finally:
            operator.kill()
    _say(f"{faults} batches had a fault" if faults else "no fault was found")
    return 1 if faults else 0


def _is_well(campaign: Campaign, numbers: range) -> bool:
    """Do a batch; of a fault, tell what repeats it."""
    try:
        campaign.run(numbers, f"generated-{numbers.start}")
    except Exception:  # noqa: BLE001  whatever it is, it is told with what repeats it
        traceback.print_exc()
        repeat = f"--seed {campaign.seed} --first {numbers.start} --count {len(numbers)} --batch {len(numbers)}"
        _say(f"A fault was found; to repeat: python tests/generated/run.py {repeat}")
        return False
    return True


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  what it is started for


if __name__ == "__main__":
    sys.exit(main())
