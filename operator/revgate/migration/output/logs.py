"""The log of a Job: JSON on stderr, a constant event and key-values, and nothing secret in it."""

import sys
from typing import Any

import structlog

from revgate.migration.output.redacted_stream import RedactedStream
from revgate.migration.output.redaction import Redactor


def redact_output(redactor: Redactor) -> None:
    """Configure the log, and take secrets out of whatever env.py and the revisions print, to the end of the process.

    What they leave behind may still speak when the run is over: a thread, a task that nobody waited for.
    """
    out, err = sys.stdout, sys.stderr
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _Redaction(redactor),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(err),
    )
    sys.stdout, sys.stderr = RedactedStream(out, redactor), RedactedStream(err, redactor)


class _Redaction:
    """A structlog processor that cleans every value, however deep."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    def __call__(self, _logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        return {key: self._clean(value) for key, value in event.items()}

    def _clean(self, value: object) -> object:
        match value:
            case None | bool() | int() | float():
                return value
            case dict():
                return {str(key): self._clean(inner) for key, inner in value.items()}
            case list() | tuple() | set():
                return [self._clean(inner) for inner in value]
            case _:
                return self._redactor.redact(str(value))
