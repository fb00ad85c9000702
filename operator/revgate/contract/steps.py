"""Where a run is, from its log: the runner writes a line when it begins with a revision, and one when it is done."""

import json
from dataclasses import dataclass
from typing import Final

STARTED: Final = "revision_started"
ENDED: Final = "revision_applied"


@dataclass(frozen=True, slots=True)
class Step:
    """The revision that is being run, and since when, in UTC: ``2026-03-01T12:00:00``."""

    revision: str
    since: str


def step_in(log: str) -> Step | None:
    """Return the step that the end of a log tells of; None between two revisions, or when it tells of none."""
    for line in reversed(log.splitlines()):
        event = _event(line)
        if event.get("event") == ENDED:
            return None
        if event.get("event") == STARTED:
            return Step(str(event.get("revision", "")), str(event.get("timestamp", ""))[:19])
    return None


def _event(line: str) -> dict[str, object]:
    if not line.startswith("{"):
        return {}
    try:
        found = json.loads(line)
    except ValueError:
        return {}  # a line that is cut off, or somebody else's
    return found if isinstance(found, dict) else {}
