"""When a run is tried again: exponential, capped, with a jitter that depends on the migration and not on chance."""

from datetime import datetime, timedelta

from revgate.contract.durations import parse_duration
from revgate.contract.exits import Next
from revgate.control.deciding.inputs import digest
from revgate.control.resource.spec import Retry

_JITTER = 0.1
_LEAST = 1.0  # second: a spec may ask for none, and the API server is asked at each try


def retry_at(ended_at: datetime, after: Next, attempt: int, retry: Retry, seed: str) -> datetime:
    """Return when the try after `attempt` is due."""
    longest = parse_duration(retry.max_delay)
    first = parse_duration(retry.initial_delay)
    delay = longest if after is Next.SLOWLY else min(longest, first * 2 ** min(attempt - 1, 30))
    delay = max(_LEAST, delay)
    return ended_at + timedelta(seconds=delay * _spread(seed, attempt))


def _spread(seed: str, attempt: int) -> float:
    """Return a factor from 0.9 to 1.1, the same for the same try, so that many migrations do not retry at once."""
    share: float = int(digest([seed, attempt])[:8], 16) / 0xFFFFFFFF
    return 1 - _JITTER + 2 * _JITTER * share
