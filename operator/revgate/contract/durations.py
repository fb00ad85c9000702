"""Durations as Kubernetes writes them (``500ms``, ``10m``, ``1h30m``), in seconds inside."""

import re
from typing import Final

PATTERN: Final = r"^([0-9]+(ms|s|m|h))+$"
_PART: Final = re.compile(r"([0-9]+)(ms|s|m|h)")
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def parse_duration(text: str) -> float:
    """Return the seconds of a duration such as ``500ms`` or ``1h30m``.

    Raises:
        ValueError: if the text is not a duration, naming the text and a valid example.
    """
    if not re.fullmatch(PATTERN, text):
        raise ValueError(f"{text!r} is not a duration: write it like 500ms, 30s, 10m or 1h30m")
    return sum(int(number) * _SECONDS[unit] for number, unit in _PART.findall(text))
