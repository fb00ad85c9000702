"""Ends a look that gets no answer: behind a lock, or in a pooler whose server is down, a statement waits for minutes.

First the statement is cancelled, for a server does not notice that its client has gone and would wait on; where
nobody takes the cancel either, the connection is cut.
"""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

import psycopg

_FOR_THE_CANCEL: Final = 3.0  # seconds


@contextmanager
def answer_within(seconds: float, connection: psycopg.Connection) -> Iterator[threading.Event]:
    """Make statements of the block fail after so many seconds; the event says whether that is why they failed."""
    finished, gave_up = threading.Event(), threading.Event()
    watcher = threading.Thread(target=_watch, args=(seconds, connection, finished, gave_up), daemon=True)
    watcher.start()
    try:
        yield gave_up
    finally:
        finished.set()


def _watch(seconds: float, connection: psycopg.Connection, finished: threading.Event, gave_up: threading.Event) -> None:
    if finished.wait(seconds):
        return
    gave_up.set()
    with suppress(psycopg.Error):
        connection.cancel_safe(timeout=_FOR_THE_CANCEL)
    if not finished.wait(_FOR_THE_CANCEL):
        with suppress(psycopg.Error, OSError):
            _cut(connection)


def _cut(connection: psycopg.Connection) -> None:
    with socket.socket(fileno=os.dup(connection.fileno())) as own:
        own.shutdown(socket.SHUT_RDWR)
