import re

import pytest

from revgate.contract.durations import PATTERN, parse_duration

RIGHT = {
    "0s": 0,
    "500ms": 0.5,
    "1s": 1,
    "30s": 30,
    "10m": 600,
    "2h": 7200,
    "1h30m": 5400,
    "1m30s500ms": 90.5,
    "1m1m": 120,
}
WRONG = ["", "5", "s", "5 s", " 5s", "5s ", "5s\n", "-5s", "+5s", "1.5s", "5S", "5d", "5us", "ms5", "1h30", "\u0665s"]


@pytest.mark.parametrize(("text", "seconds"), RIGHT.items())
def test_a_duration_is_read_as_seconds(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_duration_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match=r"is not a duration: write it like 500ms, 30s, 10m or 1h30m"):
        parse_duration(text)


@pytest.mark.parametrize("text", [*RIGHT, "5", "1.5s", "5d"])
def test_the_pattern_of_the_crd_accepts_exactly_what_is_read(text):
    assert bool(re.fullmatch(PATTERN, text)) == (text in RIGHT)
