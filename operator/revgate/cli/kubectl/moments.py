"""Times as Kubernetes writes them, and as people say them. Pure: now is an argument."""

from datetime import UTC, datetime
from typing import Final

_UNITS: Final = ((86400, "d", 3600, "h"), (3600, "h", 60, "m"), (60, "m", 1, "s"))
_SMALL: Final = 3


def moment(text: str | None) -> datetime | None:
    """Return the time in a field of an object; None when it is missing."""
    return datetime.fromisoformat(text) if text else None


def written(at: datetime) -> str:
    """Return a time as a field of an object has it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def ago(at: datetime, now: datetime) -> str:
    """Return how long ago something was: `5m ago`."""
    return f"{length((now - at).total_seconds())} ago"


def length(seconds: float) -> str:
    """Return a duration in one unit, or in two while the first is small: `45s`, `2m10s`, `40m`."""
    whole = max(0, round(seconds))
    for size, unit, smaller, its_unit in _UNITS:
        if whole >= size:
            rest = whole % size // smaller
            few = rest and whole < _SMALL * size
            return f"{whole // size}{unit}{rest}{its_unit}" if few else f"{whole // size}{unit}"
    return f"{whole}s"
