"""The part of an error's text that is fit for a person: one line, and never a statement's parameters."""

import re
import sys
from typing import Final

import sqlalchemy as sa

_MOST: Final = 400
_CONNECTION: Final = re.compile(r"^(connection failed: )?(connection to server at .*? failed: )?(FATAL: +)?")


def first_line(error: BaseException) -> str:
    """Return the first line of an error: the database's own words, else the class and its text.

    Values are in the lines that follow (DETAIL, [parameters: ...]), so these are not shown.
    """
    original = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    text = next(iter(str(original).strip().splitlines()), "")[:_MOST]
    if hasattr(original, "sqlstate") or _is_of_sqlite(original):
        return _CONNECTION.sub("", text) or type(original).__name__
    return f"{type(original).__name__}: {text}" if text else type(original).__name__


def _is_of_sqlite(error: BaseException | None) -> bool:
    """Whether it is an error of that driver, whose library is not loaded for the question."""
    driver = sys.modules.get("sqlite3")
    return driver is not None and isinstance(error, driver.Error)
