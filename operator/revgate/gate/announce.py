"""Tells people how the wait goes: a line on stderr for each change, and the last one in the termination message."""

from __future__ import annotations

import sys

_MOST_BYTES = 4000  # the kubelet keeps 4,096


class Announcer:
    """Says each new sentence once: the pod waits for hours, and its log should fit on a screen."""

    def __init__(self, file: str | None) -> None:
        self._file = file
        self._last = ""

    @property
    def last(self) -> str:
        """The sentence that was said last."""
        return self._last

    def say(self, message: str) -> None:
        """Say the sentence, unless it was the last one."""
        if message == self._last:
            return
        self._last = message
        print(message, file=sys.stderr, flush=True)  # noqa: T201 - the log of an init container is its standard error
        self._write(message)

    def _write(self, message: str) -> None:
        if self._file is None:
            return
        try:
            with open(self._file, "wb") as file:  # noqa: PTH123 - pathlib takes 10 ms
                file.write(message.encode(errors="backslashreplace")[:_MOST_BYTES])
        except OSError as error:
            self._file = None  # once is enough: the log has every line
            print(f"Termination message was not written: {error.strerror}", file=sys.stderr)  # noqa: T201 - as above
