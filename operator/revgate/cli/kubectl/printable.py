"""Text from a cluster, made safe for a terminal: who approves a plan must see what it is, and nothing else."""

import re
from typing import Any, Final

# Control characters move the cursor and hide what was written; bidirectional ones change the order one reads
_HIDING: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def printable(value: Any) -> Any:
    """Return JSON, or a text, with a mark for each character that a terminal would obey."""
    match value:
        case str():
            return _HIDING.sub("\ufffd", value.replace("\r\n", "\n"))
        case list():
            return [printable(item) for item in value]
        case dict():
            return {printable(key): printable(item) for key, item in value.items()}
        case _:
            return value
