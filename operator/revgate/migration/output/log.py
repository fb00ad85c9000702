"""Where the library's log goes: to the application's structlog if it has set one up, else to Python's logging.

The logger is called "revgate". A Job sets structlog up for itself; whoever does not pays nothing for its import, which
is a third of a command's start.
"""

import logging
import sys
from typing import Any, Final

NAME: Final = "revgate"


def get_logger() -> Any:
    """Return the logger; events are constant, what they are about comes as key-values."""
    structlog = sys.modules.get("structlog")
    if structlog is not None and structlog.is_configured():
        return structlog.get_logger()
    return KeyValueLogger({})


class KeyValueLogger:
    """The part of structlog's interface that we use, on Python's logging."""

    def __init__(self, context: dict[str, Any]) -> None:
        self._context = context

    def bind(self, **values: Any) -> "KeyValueLogger":
        """Return a logger that says these with every event."""
        return KeyValueLogger({**self._context, **values})

    def info(self, event: str, **values: Any) -> None:
        """Log what went well."""
        self._log(logging.INFO, event, values)

    def warning(self, event: str, **values: Any) -> None:
        """Log what somebody should know."""
        self._log(logging.WARNING, event, values)

    def _log(self, level: int, event: str, values: dict[str, Any]) -> None:
        logger = logging.getLogger(NAME)
        if logger.isEnabledFor(level):
            pairs = (f"{key}={value!r}" for key, value in {**self._context, **values}.items())
            logger.log(level, "%s", " ".join([event, *pairs]))
