"""Kopf as transport: what it is told to watch, and that it never gives up."""

from itertools import islice

import pytest
from kopf import Resource

from revgate.control.watching.backoffs import Backoffs
from revgate.control.watching.cache import Cache
from revgate.control.watching.watch import registry_of, settings_of

SELECTED = [Resource("batch", "v1", "jobs"), Resource("", "v1", "pods")]


@pytest.mark.parametrize("resource", SELECTED, ids=str)
def test_only_our_own_jobs_and_pods_are_watched_by_a_selector_of_the_api_server(resource):
    """A key in the wrong form is ignored without a word, and every pod of the cluster would be streamed."""
    assert settings_of().watching.label_selectors.collect(resource) == ["app.kubernetes.io/managed-by=revgate"]


def test_every_migration_is_watched_whatever_its_labels():
    migrations = Resource("revgate.io", "v1alpha1", "schemamigrations")
    assert settings_of().watching.label_selectors.collect(migrations) == []


def test_kopf_writes_nothing_and_waits_for_nobody():
    settings = settings_of()
    assert not settings.posting.enabled
    assert settings.peering.standalone
    assert settings.scanning.disabled


def test_an_api_server_that_is_away_is_asked_for_ever_with_a_longest_pause():
    pauses = list(islice(Backoffs(), 1000))
    assert len(pauses) == 1000
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (0.5, 5.0)


def test_each_request_starts_with_the_shortest_pause():
    backoffs = Backoffs()
    assert list(islice(backoffs, 5)) == list(islice(backoffs, 5))


def test_there_are_handlers_for_events_and_no_others():
    registry = registry_of(Cache(), print)
    assert len(registry._watching.get_all_handlers()) == 4
    assert not registry._changing.get_all_handlers()
    assert not registry._spawning.get_all_handlers()
    assert not registry._indexing.get_all_handlers()
