"""Whether whoever waits for this thread has given up: a task that was cancelled. A run then ends where it may."""

import time
from contextvars import ContextVar
from threading import Event
from typing import Final

from revgate.migration.errors import Interrupted

STOP: Final[ContextVar[Event | None]] = ContextVar("revgate_stop", default=None)
"""Set when the task was cancelled; None where nobody can cancel."""


def check() -> None:
    """Raise Interrupted if there is nobody left to run for."""
    stop = STOP.get()
    if stop is not None and stop.is_set():
        raise Interrupted("Run was cancelled")


def pause(seconds: float) -> None:
    """Wait for so long, or until there is nobody left to run for.

    Raises:
        Interrupted: in that case.
    """
    stop = STOP.get()
    if stop is None:
        time.sleep(seconds)
    else:
        stop.wait(seconds)
        check()
