"""Tells people how the wait goes: a line on stderr for each change, and the last one in the termination message."""

import sys
from pathlib import Path
from typing import Final

from revgate.contract import names

_MOST_BYTES: Final = 4000  # the kubelet keeps 4,096


class Announcer:
    """Says each new sentence once: the pod waits for hours, and its log should fit on a screen."""

    def __init__(self, file: Path | None) -> None:
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
            self._file.write_bytes(message.encode()[:_MOST_BYTES])
        except OSError as error:
            self._file = None  # once is enough: the log has every line
            print(f"Termination message was not written: {error.strerror}", file=sys.stderr)  # noqa: T201 - as above


def termination_file(named: str) -> Path | None:
    """Return the file that is named, or Kubernetes' own where it exists: a gate on a laptop makes no file in /dev."""
    own = Path(names.TERMINATION_MESSAGE_PATH)
    if named:
        return Path(named)
    return own if own.is_file() else None
