"""Faults at length: what `make faults` runs.

python tests/faults/run.py [--seed N] [--kills 300] [--runners 50] [--rounds 20] [--restarts 20] [--operator-faults 300]
                           [--only runner|operator]

Those of the operator are on a local cluster, which wants root (deploy/local/cluster).
"""

import argparse
import os
import secrets
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from faults.crowd import crowd
from faults.history import make_history
from faults.kills import Campaign, chance_of
from faults.operators.campaign import Campaign as OperatorCampaign
from faults.operators.scene import opened
from faults.restarts import restarts
from faults.runners import Runners
from support.cluster import Cluster
from support.servers import MAJORS, Server, running_server


def main() -> int:
    """Run and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="of an earlier run, to repeat it")
    parser.add_argument("--major", type=int, choices=MAJORS, default=MAJORS[0], help="of PostgreSQL")
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--runners", type=int, default=50, help="at once")
    parser.add_argument("--rounds", type=int, default=20, help="of them")
    parser.add_argument("--restarts", type=int, default=20, help="of the server")
    parser.add_argument("--operator-faults", type=int, default=300, help="of the operator and what it works with")
    parser.add_argument("--only", choices=("runner", "operator"), default="", help="half of it")
    options = parser.parse_args()
    words = " ".join(f"--{name.replace('_', '-')} {value}" for name, value in vars(options).items() if value != "")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Run was told to stop"))  # and takes down what it started
    repeat = f"python tests/faults/run.py {words}"
    _say(f"seed {options.seed}, PostgreSQL {options.major}; to repeat: {repeat}")
    with running_server(options.major) as server, tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "logs").mkdir()
        runners = Runners(make_history(Path(folder) / "app").folder, Path(folder) / "logs")
        try:
            if options.only != "operator":
                _faults(server, runners, options)
            if options.only != "runner":
                _operator_faults(server, Path(folder), options)
        except Exception:  # noqa: BLE001  whatever it is, it is told with what repeats it
            traceback.print_exc()
            _say(f"A fault was found; to repeat: {repeat}")
            return 1
    _say("no fault was found")
    return 0


def _operator_faults(server: Server, folder: Path, options: argparse.Namespace) -> None:
    say = _clock()
    cluster = Cluster.up(f"faults-{os.getpid()}", control_plane_only=True)
    try:
        with opened(cluster, server, folder) as scene:
            campaign = OperatorCampaign(scene, options.seed)
            for tally in campaign.run(options.operator_faults):
                say(f"operator: {tally}")
            say(f"operator: {dict(sorted(campaign.tally.struck.items()))}")
            say(f"operator: reasons {dict(campaign.tally.reasons.most_common())}")
    finally:
        cluster.down()


def _faults(server: Server, runners: Runners, options: argparse.Namespace) -> None:
    say = _clock()
    campaign = Campaign(server, runners, chance_of(options.seed))
    for tally in campaign.run(options.kills):
        if tally.databases % 10 == 0 or tally.kills >= options.kills:
            say(f"kills: {tally}")
    chance = chance_of(options.seed)
    for number in range(1, options.rounds + 1):
        seconds = crowd(server, runners, chance, options.runners)
        say(f"crowd: round {number} of {options.rounds}, {options.runners} runners, one killed, {seconds:.1f} s")
    if options.restarts:
        codes = restarts(server, runners, chance_of(options.seed), options.restarts)
        say(f"restarts: {options.restarts}, runs by exit code {dict(sorted(codes.items()))}")


def _clock() -> Callable[[str], None]:
    began = time.monotonic()
    return lambda text: _say(f"{time.monotonic() - began:6.0f} s  {text}")


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  what it is started for


if __name__ == "__main__":
    sys.exit(main())
