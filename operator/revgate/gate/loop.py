"""The wait itself: look, announce, pause, until the database serves what is required."""

from __future__ import annotations

import time

from revgate.gate.look import look

TYPE_CHECKING = False
if TYPE_CHECKING:
    from revgate.gate.announce import Announcer
    from revgate.gate.look import Line, Question, Source

SLOWEST = 5.0  # seconds: a database that stays down is not asked more often than that
FASTEST = 0.05  # seconds: whatever is asked for, the gate does not keep a processor busy


def wait(source: Source, question: Question, interval: float, announcer: Announcer) -> None:
    """Return when the database serves what is required; the signal or the deadline may end the process first."""
    failures = 0
    while True:
        line = look(source, question)
        announcer.say(line.message)
        if line.served:
            return
        from random import uniform  # noqa: PLC0415 - the first look is mostly the last

        failures = failures_after(line, failures)
        time.sleep(pause(interval, failures) * uniform(0.8, 1.2))  # noqa: S311 - so that pods do not ask in step


def failures_after(line: Line, failures: int) -> int:
    """Return how often in a row the database could not be asked."""
    return failures + 1 if line.failed else 0


def pause(interval: float, failures: int) -> float:
    """Return the seconds until the next look: twice as long for each failure in a row, up to the slowest pace."""
    slower: float = interval * 2 ** min(failures, 10)
    return max(FASTEST, interval, min(SLOWEST, slower))
