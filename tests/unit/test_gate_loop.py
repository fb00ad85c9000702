import pytest

from revgate.gate.look import Line
from revgate.gate.loop import FASTEST, SLOWEST, failures_after, pause

PAUSES = {
    "the database answers": (1.0, 0, 1.0),
    "the first failure": (1.0, 1, 2.0),
    "the second failure": (1.0, 2, 4.0),
    "the third failure": (1.0, 3, SLOWEST),
    "a failure after days": (1.0, 100_000, SLOWEST),
    "a longer interval": (30.0, 0, 30.0),
    "a failure with a longer interval": (30.0, 5, 30.0),
    "a failure with a short interval": (0.2, 2, 0.8),
    "no interval at all": (0.0, 0, FASTEST),
    "a failure without an interval": (0.0, 9, FASTEST),
}


@pytest.mark.parametrize(("interval", "failures", "seconds"), PAUSES.values(), ids=PAUSES.keys())
def test_the_pause_is_right_after(interval, failures, seconds):
    assert pause(interval, failures) == seconds


def test_failures_in_a_row_are_counted():
    assert failures_after(Line("", served=False, failed=True), 3) == 4


def test_an_answer_ends_the_row_of_failures():
    assert failures_after(Line("", served=False), 3) == 0
