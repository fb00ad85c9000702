"""Ends the process at a signal or at the deadline, whatever the main thread is in the middle of.

Name resolution and a statement that waits for a lock cannot be interrupted, and process 1 of a container gets no
default action for SIGTERM; so a thread waits for the byte that Python's own handler writes, and ends the process.
"""

import os
import select
import signal
import threading
from collections.abc import Callable
from typing import Final

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
_TIMED_OUT: Final = 1


def stop_at(timeout: float, farewell: Callable[[str], None]) -> None:
    """Watch for signals and for the end of `timeout` (seconds; 0 means none); exit 128 + signal, or 1."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    for number in _SIGNALS:
        signal.signal(number, lambda *_: None)  # without a handler Python writes no byte
    signal.set_wakeup_fd(writer)
    threading.Thread(target=_watch, args=(reader, timeout, farewell), daemon=True).start()


def _watch(reader: int, timeout: float, farewell: Callable[[str], None]) -> None:
    ready, _, _ = select.select([reader], [], [], timeout or None)
    if not ready:
        farewell(f"was not over within {timeout:g} s")
        os._exit(_TIMED_OUT)
    number = os.read(reader, 1)[0]
    farewell(f"was stopped by {signal.Signals(number).name}")
    os._exit(128 + number)
