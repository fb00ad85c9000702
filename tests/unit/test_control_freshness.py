"""When an operator is ready, and when its watch is blind."""

import pytest

from revgate.control.watching.freshness import BLIND, STALE, Freshness


def heard_ago(seconds: float, *, answered_ago: float = 0.0) -> Freshness:
    """Return an operator that has run for a day, whose watch was heard so long ago."""
    freshness = Freshness(is_warm=True)
    now = freshness.began
    freshness.began = now - 86400
    freshness.watches["jobs"] = now - seconds
    freshness.answered = now - answered_ago
    return freshness


def test_it_is_not_ready_before_every_watch_was_heard():
    freshness = Freshness()
    freshness.expect("jobs")
    assert freshness.faults() == ["Migrations, Jobs and pods are not listed yet", "Watch of jobs has not begun"]
    freshness.is_warm = True
    freshness.hear("jobs")
    assert freshness.faults() == []


@pytest.mark.parametrize(
    ("ago", "answered_ago", "ready", "alive"),
    [
        pytest.param(1, 0, True, True, id="just heard"),
        pytest.param(STALE - 5, 0, True, True, id="two bookmarks missed"),
        pytest.param(STALE + 5, 0, False, True, id="silent, but not for long enough to begin anew"),
        pytest.param(BLIND + 5, 0, False, False, id="blind: the API server answers, the watch is silent"),
        pytest.param(BLIND * 10, BLIND * 10 - 5, False, True, id="the API server is away, for everybody"),
    ],
)  # fmt: skip
def test_a_silent_watch_makes_it_unready_and_a_blind_one_dead(ago, answered_ago, ready, alive):
    freshness = heard_ago(ago, answered_ago=answered_ago)
    assert (not freshness.faults(), not freshness.blind()) == (ready, alive)


def test_a_watch_that_never_began_is_blind_in_the_end():
    freshness = Freshness()
    freshness.expect("jobs")
    freshness.began -= BLIND + 5
    freshness.note_answer()
    assert freshness.blind() == ["Watch of jobs is blind"]


def test_a_watch_that_has_ended_is_not_missed():
    freshness = heard_ago(BLIND + 5)
    freshness.forget("jobs")
    assert (freshness.faults(), freshness.blind(), freshness.ages()) == ([], [], {})


def test_what_is_not_watched_is_not_heard():
    freshness = Freshness()
    freshness.hear("customresourcedefinitions")
    assert freshness.ages() == {}
