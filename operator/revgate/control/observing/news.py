"""Whether a run's ending is already in the status. A run is taken over once, however often it is looked at."""

from revgate.control.observing.snapshot import Run
from revgate.control.resource.record import Status


def is_news(status: Status, run: Run) -> bool:
    """Say whether the status does not know yet what this ended run saw, by the API server's clock and no node's."""
    known = status.observed_by
    if known is None:
        return True
    if run.job == known.job:
        return False  # whatever its time: when the Job is gone, that of its pod stands in, a second later perhaps
    return run.created_at >= known.created_at
