"""The watches never give up, and follow what decisions are made from."""

from itertools import islice

from revgate.control.cache import Cache
from revgate.control.freshness import Freshness
from revgate.control.watch import Backoffs, watches_of


def test_an_api_server_that_is_away_is_asked_for_ever_with_a_longest_pause():
    pauses = list(islice(Backoffs(), 1000))
    assert len(pauses) == 1000
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (0.5, 5.0)


def test_each_request_starts_with_the_shortest_pause():
    backoffs = Backoffs()
    assert list(islice(backoffs, 5)) == list(islice(backoffs, 5))


def test_every_shelf_of_the_cache_has_a_watch_that_must_be_heard():
    freshness, cache = Freshness(), Cache()
    watches = watches_of(None, cache, print, freshness)
    assert set(freshness.ages()) == {"schemamigrations", "schemaplans", "jobs", "pods"}
    assert {watch._shelf for watch in watches} == set(vars(cache).values())
