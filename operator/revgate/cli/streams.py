"""The streams of a command: its answer on stdout, logs and SQL on stderr, and passwords nowhere."""

import io
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, Final, TextIO

from revgate.migration.output import log
from revgate.migration.output.redaction import Redactor, secrets_of

_OURS: Final = "revgate"
_ECHO: Final = "sqlalchemy.engine.Engine"
_WAITS: Final = ("database_awaited", "lock_awaited", "revision_retried", "revision_waits")


class Stream(io.TextIOBase):
    """A stream that masks the passwords of the environment, which may come to be there while it is in use."""

    def __init__(self, below: TextIO) -> None:
        self._below = below
        self._seen: dict[Any, Any] | None = None
        self._last = Redactor.of(())

    def write(self, text: str) -> int:
        """Write the text without passwords."""
        self._below.write(self._redactor().redact(text))
        return len(text)

    def flush(self) -> None:
        """Flush what is below."""
        self._below.flush()

    def writable(self) -> bool:
        """Whether one can write: always."""
        return True

    def isatty(self) -> bool:
        """Whether a person reads it."""
        return self._below.isatty()

    def fileno(self) -> int:
        """Return the file descriptor, which subprocesses inherit."""
        return self._below.fileno()

    def _redactor(self) -> Redactor:
        now = getattr(os.environ, "_data", None)  # comparing it is all that a line has time for
        if now is None or now != self._seen:
            self._seen = None if now is None else dict(now)
            self._last = Redactor.of(secrets_of(os.environ))
        return self._last

    @property
    def encoding(self) -> str:  # type: ignore[override]  # typeshed has a plain attribute
        """Return the encoding of what is below."""
        return self._below.encoding


@contextmanager
def guarded_streams(*, debug: bool) -> Iterator[None]:
    """Put both streams behind a mask, and the logs on stderr, for the time of a command."""
    out, err = sys.stdout, sys.stderr
    for stream in (out, err):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a box in an ASCII terminal is no reason to fail
    sys.stdout, sys.stderr = Stream(out), Stream(err)
    try:
        with _logs_on_stderr(debug=debug), nullcontext() if debug else log.only_some_info(_WAITS):
            yield
    finally:
        sys.stdout, sys.stderr = out, err


class WaitsAndWarnings(logging.Filter):
    """What a person should know: warnings, and for what a command waits."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to show the record."""
        return record.levelno >= logging.WARNING or record.getMessage().startswith(_WAITS)


class ForPeople(logging.Formatter):
    """Writes an event of ours and its values as a sentence of a kind."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        event, _, values = record.getMessage().partition(" ")
        if record.name != _OURS:
            return record.getMessage()
        return f"{event.replace('_', ' ').capitalize()}{': ' if values else ''}{values}"


@contextmanager
def _logs_on_stderr(*, debug: bool) -> Iterator[None]:
    """Show what a person should know, and with `debug` everything; SQLAlchemy would print its echo on stdout."""
    logs, echo = logging.StreamHandler(sys.stderr), logging.StreamHandler(sys.stderr)
    logs.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s") if debug else ForPeople())
    if not debug:
        logs.addFilter(WaitsAndWarnings())
    logging.getLogger(_OURS).setLevel(logging.INFO)
    logging.getLogger("alembic").setLevel(logging.DEBUG if debug else logging.WARNING)
    logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)  # they come at every start
    logging.getLogger(_ECHO).propagate = False
    logging.getLogger().addHandler(logs)
    logging.getLogger(_ECHO).addHandler(echo)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(logs)
        logging.getLogger(_ECHO).removeHandler(echo)
