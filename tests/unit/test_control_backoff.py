"""When a run is tried again."""

from datetime import timedelta

import pytest

from revgate.contract.exits import Next
from revgate.control.deciding.backoff import retry_at
from revgate.control.resource.spec import Retry
from support.builders import NOW

RETRY = Retry(initial_delay="5s", max_delay="5m")


def delay(after: Next, attempt: int, retry: Retry = RETRY, seed: str = "uid") -> float:
    return (retry_at(NOW, after, attempt, retry, seed) - NOW) / timedelta(seconds=1)


@pytest.mark.parametrize(("attempt", "about"), [(1, 5), (2, 10), (3, 20), (6, 160), (7, 300), (31, 300), (10**6, 300)])
def test_the_delay_doubles_up_to_the_longest(attempt, about):
    assert about * 0.9 <= delay(Next.COUNTED, attempt) <= about * 1.1


@pytest.mark.parametrize("after", [Next.CONNECTION, Next.COUNTED, Next.AGAIN])
def test_every_failure_that_may_pass_soon_has_the_same_delay(after):
    assert delay(after, 1) == delay(Next.COUNTED, 1)


@pytest.mark.parametrize("attempt", [1, 2, 50])
def test_what_a_person_must_mend_is_looked_at_slowly_from_the_start(attempt):
    assert 270 <= delay(Next.SLOWLY, attempt) <= 330


def test_the_same_try_has_the_same_time_whenever_it_is_asked_for():
    assert delay(Next.COUNTED, 3) == delay(Next.COUNTED, 3)


def test_many_migrations_do_not_come_back_at_once():
    assert len({delay(Next.COUNTED, 3, seed=f"uid-{n}") for n in range(100)}) > 90
