"""Killed runners, a crowd of them, and a server that crashes: `make faults` does the same for longer.

What is found is repeated with `python tests/faults/run.py --seed` and the seed here.
"""

import pytest

from faults.crowd import crowd
from faults.kills import Campaign, chance_of
from faults.restarts import restarts
from faults.runners import Runners
from revgate.contract.exits import Exit
from support.servers import Server

SEED = 20261122

pytestmark = pytest.mark.timeout(280)


def test_after_thirty_kills_version_ledger_and_schema_agree_and_a_rerun_completes(server15: Server, runners: Runners):
    campaign = Campaign(server15, runners, chance_of(SEED))
    *_, tally = campaign.run(30)
    assert tally.in_flight >= 5, tally  # or the moments were not where anything happens
    assert tally.reruns == tally.databases


def test_of_twenty_runners_one_is_killed_and_each_revision_is_applied_once(server15: Server, runners: Runners):
    crowd(server15, runners, chance_of(SEED), 20)


def test_a_server_that_crashes_leaves_what_the_next_run_completes(server15: Server, runners: Runners):
    codes = restarts(server15, runners, chance_of(SEED), 3)
    assert Exit.CONNECTION_LOST in codes, codes
