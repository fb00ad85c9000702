"""Ends a look by psycopg that gets no answer: behind a lock, or in a pooler whose server is down.

First the statement is cancelled, for a server does not notice that its client has gone and would wait on; where
nobody takes the cancel either, the connection is cut.
"""

import os
import socket
import threading
from contextlib import suppress
from typing import Final

import psycopg

_FOR_THE_CANCEL: Final = 3.0  # seconds


class Patience:
    """Makes the statements of a connection fail after so many seconds."""

    def __init__(self, seconds: float, connection: psycopg.Connection) -> None:
        self._seconds = seconds
        self._connection = connection
        self._finished, self._gave_up = threading.Event(), threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    @property
    def is_over(self) -> bool:
        """Whether that is why a statement failed."""
        return self._gave_up.is_set()

    def end(self) -> None:
        """Stop watching."""
        self._finished.set()

    def _watch(self) -> None:
        if self._finished.wait(self._seconds):
            return
        self._gave_up.set()
        with suppress(psycopg.Error):
            self._connection.cancel_safe(timeout=_FOR_THE_CANCEL)
        if not self._finished.wait(_FOR_THE_CANCEL):
            with suppress(psycopg.Error, OSError):
                self._cut()

    def _cut(self) -> None:
        with socket.socket(fileno=os.dup(self._connection.fileno())) as own:
            own.shutdown(socket.SHUT_RDWR)
