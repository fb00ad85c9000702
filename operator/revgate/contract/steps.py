"""Where a run is, from its log: a line when the runner begins with a revision, some while it takes long, one after."""

import json
from dataclasses import dataclass
from typing import Final

STARTED: Final = "revision_started"
PROGRESS: Final = "revision_progress"
ENDED: Final = "revision_applied"
_LONGEST: Final = 200  # characters of what is at work


@dataclass(frozen=True, slots=True)
class Step:
    """The revision that is being run, and since when, in UTC: ``2026-03-01T12:00:00``.

    `work` is what the server does for it, as the runner said it: "" when it said nothing.
    """

    revision: str
    since: str
    work: str = ""


def step_in(log: str) -> Step | None:
    """Return the step that the end of a log tells of; None between two revisions, or when it tells of none."""
    work: str | None = None
    for line in reversed(log.splitlines()):
        event = _event(line)
        if event.get("event") == ENDED:
            return None
        if event.get("event") == STARTED:
            return Step(str(event.get("revision", "")), str(event.get("timestamp", ""))[:19], work or "")
        if event.get("event") == PROGRESS and work is None:
            work = _one_line(str(event.get("work", "")))
    return None


def _one_line(text: str) -> str:
    """Whatever the log holds, a status gets one short line."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(printable.split())[:_LONGEST]


def _event(line: str) -> dict[str, object]:
    if not line.startswith("{"):
        return {}
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}  # a line that is cut off, or somebody else's
    return found if isinstance(found, dict) else {}
