"""Whether a migration's status serves what a pod requires: what the operator goes by, from what kubectl printed."""

from revgate.cli.kubectl.migration import Migration
from revgate.contract.observed import Observed, judge
from revgate.contract.serves import Verdict


def verdict_of(migration: Migration, required: str) -> Verdict:
    """Say whether the database serves a revision, as far as the migration's status knows."""
    ready = migration.conditions.get("Ready")
    observed = Observed(
        current=migration.current,
        served=migration.served,
        pending=migration.pending,
        pending_count=migration.pending_count or 0,
        floor=migration.floor,
        leaving=migration.leaving,
        next_floor=migration.next_floor,
        image=migration.image,
        is_read=migration.observed_at is not None,
        is_ready=migration.is_seen and ready is not None and ready.status == "True",
    )
    return judge(observed, [required])
