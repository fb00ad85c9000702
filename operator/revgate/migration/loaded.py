"""What a command has loaded before its work stays until it ends, and Python need not look at it again."""

import atexit
import gc
import io
import sys
from contextlib import suppress
from functools import cache


def keep_loaded() -> None:
    """Take everything that is there out of the collector's sight, where modules were loaded since the last time.

    Python searches all cycles of a program before it leaves, which for SQLAlchemy and Alembic takes as long as a third
    of what a small upgrade does (`make bench`). What env.py and revisions make afterwards is collected as ever.
    """
    _keep(len(sys.modules))


@cache
def _keep(_modules: int) -> None:
    atexit.unregister(_flush_files)
    atexit.register(_flush_files)
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)  # most of what comes now is Alembic's, and goes as it came


def _flush_files() -> None:
    """Write what env.py has left in files of its own: a file in a cycle that was never searched before loses it."""
    for thing in gc.get_objects():
        if issubclass(type(thing), (io.TextIOWrapper, io.BufferedWriter)):
            with suppress(OSError, ValueError):  # of a full disk, and of a file that is closed
                thing.flush()
