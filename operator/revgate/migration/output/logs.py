"""The log of a Job: JSON on stderr, a constant event and key-values, and nothing secret in it.

As structlog would write it, whose import takes as long as the driver's, and much longer where rich is installed.
"""

import json
import sys
from datetime import UTC, datetime
from typing import Any, Final, TextIO

from revgate.migration.output import log
from revgate.migration.output.redacted_stream import RedactedStream
from revgate.migration.output.redaction import Redactor

_ENCODE: Final = json.JSONEncoder(ensure_ascii=False).encode


def redact_output(redactor: Redactor) -> None:
    """Set up the log, and take secrets out of whatever env.py and the revisions print, to the end of the process.

    What they leave behind may still speak when the run is over: a thread, a task that nobody waited for.
    """
    out, err = sys.stdout, sys.stderr
    log.use(JsonLogger(err, redactor))
    sys.stdout, sys.stderr = RedactedStream(out, redactor), RedactedStream(err, redactor)


class JsonLogger:
    """Writes a line for each event."""

    def __init__(self, stream: TextIO, redactor: Redactor) -> None:
        self._stream = stream
        self._redactor = redactor

    def info(self, event: str, **values: Any) -> None:
        """Log what went well."""
        self._write("info", event, values)

    def warning(self, event: str, **values: Any) -> None:
        """Log what somebody should know."""
        self._write("warning", event, values)

    def error(self, event: str, **values: Any) -> None:
        """Log what somebody must look at."""
        self._write("error", event, values)

    def _write(self, level: str, event: str, values: dict[str, Any]) -> None:
        said = {key: self._clean(value) for key, value in values.items()}
        now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        # In one piece: threads write, too
        self._stream.write(f"{_ENCODE({**said, 'event': event, 'level': level, 'timestamp': now})}\n")
        self._stream.flush()

    def _clean(self, value: object) -> object:
        """Return the value without secrets, however deep."""
        match value:
            case str():
                return self._redactor.redact(value)
            case None | bool() | int() | float():
                return value
            case dict():
                return {str(key): self._clean(inner) for key, inner in value.items()}
            case list() | tuple() | set():
                return [self._clean(inner) for inner in value]
            case _:
                return self._redactor.redact(str(value))
