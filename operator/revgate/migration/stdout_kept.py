"""Keeping what env.py and the revisions print away from a program's answer.

Only where the process is a program of ours: in somebody's application stdout is the application's, and every thread
would print elsewhere meanwhile.
"""

import sys
import threading
from contextlib import AbstractContextManager, nullcontext, redirect_stdout
from typing import Any, Final

STDOUT_IS_THE_ANSWER: Final = threading.Event()
"""Set by a program whose stdout somebody reads."""


def stdout_kept() -> AbstractContextManager[Any]:
    """Send stdout to stderr for the block, in a program of ours."""
    return redirect_stdout(sys.stderr) if STDOUT_IS_THE_ANSWER.is_set() else nullcontext()
