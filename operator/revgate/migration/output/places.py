"""Places as a person would write them."""

import os
from pathlib import Path


def shown(path: str | Path) -> str:
    """Return a path relative to the working directory where it is below, and as it is elsewhere."""
    text, here = os.path.normpath(path), os.path.join(os.getcwd(), "")  # noqa: PTH109, PTH118  thousands of files
    return text.removeprefix(here)
