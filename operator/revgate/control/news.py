"""Whether a run's ending is already in the status. A run is taken over once, however often it is looked at."""

from revgate.control.endings import Ended
from revgate.control.record import RunState, Status
from revgate.control.snapshot import Run


def is_news(status: Status, run: Run, ended: Ended) -> bool:
    """Say whether the status does not know yet what this ended run saw."""
    if status.observed_at is None or ended.finished_at > status.observed_at:
        return True
    record = status.run  # times have seconds only: two runs may end in the same one
    unrecorded = record is not None and record.job == run.job and record.state is not RunState.FINISHED
    return ended.finished_at == status.observed_at and unrecorded
