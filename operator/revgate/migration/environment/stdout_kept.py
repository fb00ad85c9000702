"""Keeping what env.py and the revisions print away from a program's answer.

Only where the process is a program of ours: in somebody's application stdout is the application's, and every thread
would print elsewhere meanwhile.
"""

import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, redirect_stdout
from typing import Any, Final

_IS_THE_ANSWER: Final = threading.Event()


@contextmanager
def stdout_is_the_answer() -> Iterator[None]:
    """Say that the process is a program of ours, whose stdout somebody reads, for the time of a command."""
    _IS_THE_ANSWER.set()
    try:
        yield
    finally:
        _IS_THE_ANSWER.clear()


def stdout_kept() -> AbstractContextManager[Any]:
    """Send stdout to stderr for the block, in a program of ours."""
    return redirect_stdout(sys.stderr) if _IS_THE_ANSWER.is_set() else nullcontext()
