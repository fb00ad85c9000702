"""Where runs are, from their logs, which are read the more seldom the longer a run takes: so is the status written."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

from revgate.contract.steps import Step, step_in

_SHORTEST: Final = timedelta(seconds=30)
_LONGEST: Final = timedelta(minutes=5)


def pause_after(age: timedelta) -> timedelta:
    """Return how long to wait before the next look at a run of this age: each look is at twice the age of the last."""
    return min(max(age, _SHORTEST), _LONGEST)


class Glances:
    """Remembers what each run was at when its log was read last, and when that is due again."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[datetime, Step | None]] = {}

    async def step(self, run: str, since: datetime, now: datetime, read: Callable[[], Awaitable[str]]) -> Step | None:
        """Return what a run is at; `run` is the uid of its Job, which has run `since`, and `read` gets its log."""
        due, step = self._seen.get(run, (now, None))
        if now >= due:
            step = step_in(await read())
            self._seen[run] = now + pause_after(now - since), step
        return step

    def forget(self, run: str) -> None:
        """Remember nothing of a run that is over."""
        self._seen.pop(run, None)
