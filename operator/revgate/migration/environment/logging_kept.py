"""Keeping the loggers of a process as they were: fileConfig in an env.py silences whatever exists before it."""

import logging
from dataclasses import dataclass, field
from typing import Final, TypeAlias

State: TypeAlias = tuple[bool, int, list[logging.Handler], bool]

_ROOT: Final = logging.getLogger()


@dataclass(slots=True)
class KeptLogging:
    """A context manager that puts the root logger and every existing logger back as they were."""

    before: dict[logging.Logger, State] = field(default_factory=dict)

    def __enter__(self) -> None:
        """Note how they are."""
        found = list(logging.Logger.manager.loggerDict.values())
        loggers = [_ROOT, *(logger for logger in found if isinstance(logger, logging.Logger))]
        self.before = {one: (one.disabled, one.level, one.handlers[:], one.propagate) for one in loggers}

    def __exit__(self, *_: object) -> None:
        """Put them back; one that was made meanwhile is not to stay silent."""
        self._enable_new()
        for logger, (disabled, level, handlers, propagate) in self.before.items():
            logger.disabled, logger.propagate = disabled, propagate
            logger.setLevel(level)
            logger.handlers[:] = handlers

    def wake(self) -> None:
        """Let them speak while the revisions run, where the process has set logging up; else as env.py says."""
        if self.before[_ROOT][2]:
            self.__exit__()
        self._enable_new()
        for logger, (disabled, *_) in self.before.items():
            logger.disabled = disabled

    def _enable_new(self) -> None:
        for logger in list(logging.Logger.manager.loggerDict.values()):
            if isinstance(logger, logging.Logger) and logger not in self.before:
                logger.disabled = False


def logging_kept() -> KeptLogging:
    """Return what keeps the loggers for a block."""
    return KeptLogging()
