"""Ends the process at a signal or at the deadline, whatever the main thread is in the middle of.

Name resolution and a statement that waits for a lock cannot be interrupted, and process 1 of a container gets no
default action for SIGTERM; so a thread waits for the byte that Python's own handler writes, and ends the process.

The modules signal and threading are left out for what they import: 5 ms of a start that takes 30.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # typeshed has only the public module
import _thread
import os
import select

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_SIGNALS = {_signal.SIGTERM: "SIGTERM", _signal.SIGINT: "SIGINT"}
_TIMED_OUT = 1


def stop_at(timeout: float, farewell: Callable[[str], None]) -> None:
    """Watch for signals and for the end of `timeout` (seconds; 0 means none); exit 128 + signal, or 1."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    for number in _SIGNALS:
        _signal.signal(number, lambda *_: None)  # without a handler Python writes no byte
    _signal.set_wakeup_fd(writer)
    _thread.start_new_thread(_watch, (reader, timeout, farewell))


def _watch(reader: int, timeout: float, farewell: Callable[[str], None]) -> None:
    ready, _, _ = select.select([reader], [], [], timeout or None)
    if not ready:
        farewell(f"was not over within {timeout:g} s")
        os._exit(_TIMED_OUT)
    number = os.read(reader, 1)[0]
    farewell(f"was stopped by {_SIGNALS[number]}")
    os._exit(128 + number)
