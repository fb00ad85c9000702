"""Where the log goes: a Job has its own, and the library uses what the application has set up.

That is structlog, or else Python's logging, where the logger is called "revgate".
"""

import logging
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any, Final

NAME: Final = "revgate"


_OWN: Final[list[Any]] = []  # the program's, once it has one


def use(logger: Any) -> None:
    """Log with this from now on: the process is a program of ours."""
    _OWN[:] = [logger]


@contextmanager
def only_some_info(heard: Collection[str]) -> Iterator[None]:
    """For the block, make no record of what goes well but for these events: nobody would show it."""
    before = _OWN[:]
    use(KeyValueLogger(heard))
    try:
        yield
    finally:
        _OWN[:] = before


def get_logger() -> Any:
    """Return the logger; events are constant, what they are about comes as key-values."""
    if _OWN:
        return _OWN[0]
    structlog = sys.modules.get("structlog")
    if structlog is not None and structlog.is_configured():
        return structlog.get_logger()
    return KeyValueLogger()


class KeyValueLogger:
    """The part of structlog's interface that we use, on Python's logging."""

    def __init__(self, heard: Collection[str] | None = None) -> None:
        """Take the events that are worth a record when all goes well; None for all."""
        self._heard = heard

    def info(self, event: str, **values: Any) -> None:
        """Log what went well."""
        if self._heard is None or event in self._heard:
            self._log(logging.INFO, event, values)

    def warning(self, event: str, **values: Any) -> None:
        """Log what somebody should know."""
        self._log(logging.WARNING, event, values)

    def _log(self, level: int, event: str, values: dict[str, Any]) -> None:
        logger = logging.getLogger(NAME)
        if logger.isEnabledFor(level):
            pairs = (f"{key}={value!r}" for key, value in values.items())
            logger.log(level, "%s", " ".join([event, *pairs]))
