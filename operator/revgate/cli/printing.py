"""Printing the answer: text for a person, JSON for a program."""

import json
import shutil
import sys
from typing import Any


def print_json(value: Any) -> None:
    """Print a value as JSON."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def terminal_columns() -> int:
    """Return how wide the terminal is that reads the answer; 0 where no terminal does, and nothing may be cut."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
