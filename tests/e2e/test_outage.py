"""A PostgreSQL that is away for seven minutes: the migration waits for it, and goes on by itself."""

import time

from support.outage import Outage
from support.waiting import eventually
from support.world import World

SEVEN_MINUTES = 420


def test_a_migration_goes_on_by_itself_after_seven_minutes_without_its_server(world: World, outage: Outage) -> None:
    reasons = ("DatabaseUnreachable", "Starting", "Running")
    assert world.reason(outage.namespace)[1] in reasons
    eventually(
        "the server has been away for seven minutes",
        lambda: time.monotonic() - outage.since > SEVEN_MINUTES,
        timeout=SEVEN_MINUTES + 60,
    )
    before = world.migration(outage.namespace)["status"]
    assert before["run"]["attempt"] > 3
    assert before["run"].get("failures", 0) == 0
    outage.end()
    world.until(outage.namespace, "Ready", "UpToDate", timeout=120)
    assert world.sql(outage.database, "SELECT version_num FROM alembic_version", outage.server) == "0008"
    assert len(world.jobs(outage.namespace)) <= 5
