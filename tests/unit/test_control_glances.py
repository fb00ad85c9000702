"""How often the log of a run that takes long is read, which bounds how often its status is written."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from revgate.contract.steps import Step
from revgate.control.observing.glances import Glances, pause_after

SINCE = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Reader:
    """A log that says something else each time, and how often it was read."""

    def __init__(self) -> None:
        self.reads = 0

    async def __call__(self) -> str:
        self.reads += 1
        return json.dumps({"event": "revision_started", "revision": str(self.reads), "timestamp": "t"})


def look(glances: Glances, reader: Reader, seconds: float, run: str = "uid") -> Step | None:
    return asyncio.run(glances.step(run, SINCE, SINCE + timedelta(seconds=seconds), reader))


@pytest.mark.parametrize(("age", "pause"), [(0, 30), (20, 30), (45, 45), (200, 200), (300, 300), (86400, 300)])
def test_each_pause_is_as_long_as_the_run_has_lasted_up_to_five_minutes(age, pause):
    assert pause_after(timedelta(seconds=age)) == timedelta(seconds=pause)


def test_between_two_looks_what_was_seen_last_stands():
    glances, reader = Glances(), Reader()
    seen = [look(glances, reader, seconds) for seconds in (20, 21, 49, 50, 99, 100)]
    assert [step.revision for step in seen if step] == ["1", "1", "1", "2", "2", "3"]


def test_a_run_of_a_day_is_looked_at_less_than_three_hundred_times():
    glances, reader = Glances(), Reader()
    for seconds in range(20, 24 * 3600, 10):  # as often as something may happen to its pod
        look(glances, reader, seconds)
    assert reader.reads < 300


def test_each_run_has_looks_of_its_own_and_none_when_it_is_over():
    glances, reader = Glances(), Reader()
    look(glances, reader, 20, "one")
    look(glances, reader, 20, "other")
    glances.forget("one")
    assert look(glances, reader, 21, "one") == Step("3", "t")
    assert look(glances, reader, 21, "other") == Step("2", "t")
