"""Who may take a Lease: judged by the local clock and by what was seen, whatever the record's own times say."""

from datetime import UTC, datetime, timedelta

import pytest

from revgate.control.leadership.lease import DURATION, RENEW_DEADLINE, Place, claimed, is_free, released, sighting_of

PLACE = Place("system", "revgate")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
A_DAY = timedelta(days=1)
LATER = 1000.0


def held(by="other", now=NOW, before=None):
    return claimed(PLACE, before, by, now)


@pytest.mark.parametrize(
    ("lease", "seconds", "expected"),
    [
        pytest.param(held(), 0, False, id="one that another has just renewed is not free"),
        pytest.param(held(), DURATION - 0.1, False, id="nor one that is nearly over"),
        pytest.param(held(), DURATION, True, id="one that was not renewed for its duration is free"),
        pytest.param(held("me"), 0, True, id="my own is free for me"),
        pytest.param(released(PLACE, held(), NOW), 0, True, id="a released one is free at once"),
        pytest.param(held(now=NOW - A_DAY), 0, False, id="a holder whose clock is a day behind holds it all the same"),
        pytest.param(held(now=NOW + A_DAY), DURATION, True, id="a holder whose clock is a day ahead holds no longer"),
        pytest.param({"metadata": {}, "spec": {}}, 0, True, id="one that names nobody is free"),
        pytest.param({"metadata": {}}, 0, True, id="so is one without a spec"),
        pytest.param({"spec": {"holderIdentity": "other"}}, 0, False, id="one without a duration has ours"),
        pytest.param({"spec": {"holderIdentity": "other"}}, DURATION, True, id="and no longer one"),
        pytest.param(held() | {"spec": {"holderIdentity": "other", "leaseDurationSeconds": 60}}, DURATION, False,
                     id="a holder of another version may have written a longer duration"),
    ],
)  # fmt: skip
def test_a_lease_is_free_when_it_is_ours_or_released_or_was_not_renewed_while_we_looked(lease, seconds, expected):
    seen = sighting_of(lease, None, LATER)
    assert is_free(seen, "me", LATER + seconds) is expected


def test_looking_again_at_an_unchanged_record_does_not_make_it_younger():
    first = sighting_of(held(), None, LATER)
    annotated = held() | {"metadata": {"annotations": {"somebody": "looked"}}}
    again = sighting_of(annotated, first, LATER + 10)
    assert (again.since, again.lease) == (LATER, annotated)


def test_every_renewal_makes_it_young_again():
    first = sighting_of(held(), None, LATER)
    renewed = held(now=NOW + timedelta(seconds=3), before=held())
    assert sighting_of(renewed, first, LATER + 10).since == LATER + 10


def test_a_holder_stops_before_another_may_begin():
    assert RENEW_DEADLINE < DURATION


def test_a_renewal_keeps_when_it_was_taken_and_a_taking_over_is_counted():
    first = held("me")
    renewed = held("me", NOW + timedelta(seconds=3), first)
    taken = held("other", NOW + A_DAY, renewed)
    again = held("me", NOW + A_DAY, released(PLACE, taken, NOW + A_DAY))
    assert [each["spec"]["leaseTransitions"] for each in (first, renewed, taken, again)] == [0, 0, 1, 2]
    assert first["spec"]["acquireTime"] == renewed["spec"]["acquireTime"] < taken["spec"]["acquireTime"]
    assert first["spec"]["renewTime"] < renewed["spec"]["renewTime"]


def test_what_is_written_names_the_version_that_it_was_made_from():
    before = held() | {"metadata": {"name": "revgate", "resourceVersion": "7"}}
    assert held("me", before=before)["metadata"]["resourceVersion"] == "7"
    assert released(PLACE, before, NOW)["metadata"]["resourceVersion"] == "7"


@pytest.mark.parametrize("text", ["revgate", "/revgate", "system/", "a/b/c", "/"])
def test_a_place_is_a_namespace_and_a_name(text):
    with pytest.raises(ValueError, match="NAMESPACE/NAME"):
        Place.parse(text)
    assert str(Place.parse("system/revgate")) == "system/revgate"
