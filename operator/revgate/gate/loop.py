"""The wait itself: read, judge, announce, pause, until the database serves what is required."""

import random
import time
from typing import Final

from revgate.gate.announce import Announcer
from revgate.gate.judge import Question, judge
from revgate.gate.read import Source, read
from revgate.gate.reading import Reading, Trouble

SLOWEST: Final = 5.0  # seconds: a database that stays down is not asked more often than that
FASTEST: Final = 0.05  # seconds: whatever is asked for, the gate does not keep a processor busy


def wait(source: Source, question: Question, interval: float, announcer: Announcer) -> None:
    """Return when the database serves what is required; the signal or the deadline may end the process first."""
    failures = 0
    while True:
        reading = read(source, question.requires)
        line = judge(question, reading)
        announcer.say(line.message)
        if line.served:
            return
        failures = failures_after(reading, failures)
        time.sleep(pause(interval, failures) * random.uniform(0.8, 1.2))  # noqa: S311 - so that pods do not ask in step


def failures_after(reading: Reading, failures: int) -> int:
    """Return how often in a row the database could not be asked."""
    return failures + 1 if isinstance(reading, Trouble) else 0


def pause(interval: float, failures: int) -> float:
    """Return the seconds until the next look: twice as long for each failure in a row, up to the slowest pace."""
    slower: float = interval * 2 ** min(failures, 10)
    return max(FASTEST, interval, min(SLOWEST, slower))
