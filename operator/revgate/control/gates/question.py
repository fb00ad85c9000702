"""The gates' question about a migration: what its status says, if it is about the database that the spec names now."""

from collections.abc import Sequence

from revgate.contract.observed import Observed
from revgate.contract.observed import judge as judge_observed
from revgate.contract.serves import Verdict
from revgate.control.gates.subject import is_about_this_database, is_ready
from revgate.control.observing.snapshot import Migration


def judge(migration: Migration, requires: Sequence[str]) -> Verdict:
    """Say whether everything that is required is served.

    Args:
        migration: the resource as it was seen last.
        requires: full revision ids, at least one.
    """
    return judge_observed(observed_of(migration), requires)


def observed_of(migration: Migration) -> Observed:
    """Return what the status of a migration says."""
    status = migration.status
    floor = status.next_floor
    return Observed(
        current=status.current_revisions,
        served=status.served_revisions,
        pending=status.pending_revisions,
        pending_count=status.pending_count or 0,
        floor=status.floor,
        leaving=floor.ends if floor and (floor.withdrawn or floor.unsure) else (),
        next_floor=floor.floor if floor else "",
        image=status.observed_image,
        is_read=is_about_this_database(migration),
        is_ready=is_ready(migration),
    )
