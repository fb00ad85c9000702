"""Waiting for a condition with a deadline, and showing the world when it does not come."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

Seen = TypeVar("Seen")


def eventually(
    sentence: str, look: Callable[[], Seen], timeout: float = 60, world: Callable[[], object] | None = None
) -> Seen:
    """Return the first true value of `look`; fail with `sentence` and a look at the `world` after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not (seen := look()):
        if time.monotonic() > deadline:
            state = world() if world else seen
            raise AssertionError(f"{sentence}: not within {timeout:g} s; the world looked like this:\n{state}")
        threading.Event().wait(0.2)
    return seen
