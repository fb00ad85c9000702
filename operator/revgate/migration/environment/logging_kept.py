"""Keeping the loggers of a process as they were: fileConfig in an env.py silences whatever exists before it."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def logging_kept() -> Iterator[None]:
    """Put the root logger and every existing logger back as they were."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    before = [
        (logger, logger.disabled, logger.level, logger.handlers[:], logger.propagate)
        for logger in logging.Logger.manager.loggerDict.values()
        if isinstance(logger, logging.Logger)
    ]
    try:
        yield
    finally:
        root.setLevel(level)
        root.handlers[:] = handlers
        for logger, disabled, own_level, own_handlers, propagate in before:
            logger.disabled, logger.propagate = disabled, propagate
            logger.setLevel(own_level)
            logger.handlers[:] = own_handlers
