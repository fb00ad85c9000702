"""Stopping a run from outside: SIGTERM, Ctrl-C, and the limit on the whole run.

The handler raises a kind of KeyboardInterrupt: psycopg then cancels the statement that is running, no `except
Exception` of a revision swallows it, and every `with` on the way out rolls back, unlocks and closes.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Final

from revgate.migration.errors import Interrupted, MigrationError, TimedOut

ASKED_TO_STOP: Final = (signal.SIGTERM, signal.SIGINT)


class Stop(KeyboardInterrupt):
    """The run must end now; `error` says why."""

    def __init__(self, error: MigrationError) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(slots=True)
class Switch:
    """Whether somebody asked for the end: also when a bare `except:` in a revision swallowed it."""

    stop: Stop | None = None

    def check(self) -> None:
        """Raise Stop if the end was asked for."""
        if self.stop is not None:
            raise self.stop

    def throw(self, error: MigrationError) -> None:
        """Ask for the end, once: a second signal must not cut off the cleaning up."""
        if self.stop is None:
            self.stop = Stop(error)
            raise self.stop


def hold_signals() -> None:
    """Let signals wait for `stoppable`: while Alembic is imported, process 1 of a container would not hear them."""
    signal.pthread_sigmask(signal.SIG_BLOCK, ASKED_TO_STOP)


@contextmanager
def stoppable(total_timeout: float) -> Iterator[Switch]:
    """Let signals, and the timer when it is above 0, stop the block; after it they are ignored, for the report."""
    switch = Switch()

    def on_signal(number: int, _frame: FrameType | None) -> None:
        switch.throw(Interrupted(f"Run was interrupted by {signal.Signals(number).name}"))

    def on_timer(_number: int, _frame: FrameType | None) -> None:
        switch.throw(TimedOut(f"Run took longer than the {total_timeout:g} s that it was allowed in total"))

    for number in ASKED_TO_STOP:
        signal.signal(number, on_signal)
    signal.signal(signal.SIGALRM, on_timer)
    signal.setitimer(signal.ITIMER_REAL, total_timeout)
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ASKED_TO_STOP)
        yield switch
    except BaseException as error:
        if switch.stop not in {None, error}:  # a revision swallowed or wrapped it, or fell over what it had undone
            raise switch.stop from error
        raise
    else:
        switch.check()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number in ASKED_TO_STOP:
            signal.signal(number, signal.SIG_IGN)
