"""Some hundred generated resources: `make generated` does the same with ten thousand.

What is found is repeated with `python tests/generated/run.py --seed` and the seed here.
"""

import httpx
import pytest

from generated.campaign import Campaign
from generated.cases import WITH_FAULTS
from support.operator import Operator

pytest_plugins = ["support.operator_fixtures"]

SEED = 20261122
COUNT = 600
MEGABYTES = 400


@pytest.mark.timeout(280)
def test_whatever_is_applied_is_refused_with_a_word_or_has_a_reason_and_then_all_is_still(
    client: httpx.Client, operator_process: Operator
):
    operator_process.start()
    campaign = Campaign(client, operator_process, SEED)
    campaign.run(range(COUNT), "generated")
    seen = campaign.tally
    assert sum(seen.sent.values()) == COUNT
    assert seen.taken["valid"] > COUNT / 10, seen
    values = {field.path[-1] for field in WITH_FAULTS if field.schema.get("type") != "object"}
    assert values <= seen.named, seen
    assert seen.megabytes < MEGABYTES, seen
