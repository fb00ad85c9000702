"""Comparing what was printed with what the document shows."""

import re


def shown(text: str) -> re.Pattern[str]:
    """Return a pattern for a text in which an ellipsis stands for the rest of a line."""
    return re.compile(re.escape(text).replace("…", r"[^\n]*"))
