"""A stream that shows no passwords: what env.py and the revisions print goes through it, too."""

import io
from typing import Any

from revgate.migration.output.redaction import Redactor


class RedactedStream(io.TextIOBase):
    """A text stream that masks secrets on their way to another one."""

    def __init__(self, stream: Any, redactor: Redactor) -> None:
        self._stream = stream
        self._redactor = redactor

    def write(self, text: str) -> int:
        """Write the text without secrets."""
        self._stream.write(self._redactor.redact(text))
        return len(text)

    def flush(self) -> None:
        """Flush what is below."""
        self._stream.flush()

    def writable(self) -> bool:
        """Whether one can write: always."""
        return True

    @property
    def encoding(self) -> str:  # type: ignore[override]  # typeshed has a plain attribute
        """Return the encoding of what is below."""
        name: str = self._stream.encoding
        return name

    def fileno(self) -> int:
        """Return the file descriptor of what is below, which subprocesses inherit."""
        number: int = self._stream.fileno()
        return number
