"""The Events that tell a person what changed: one for each new reason, and no flood."""

from dataclasses import replace

import pytest

from revgate.contract.exits import Exit
from revgate.control.deciding.decide import decide
from revgate.control.deciding.status import status_of
from revgate.control.resource.record import Status
from revgate.control.telling.events import event_of
from support.builders import at_work, migration, reported, run, snapshot
from support.situations import SITUATIONS

BODY = {"metadata": {"resourceVersion": "7"}}


def told(seen):
    return event_of(seen, status_of(seen, decide(seen)), BODY)


@pytest.mark.parametrize("situation", SITUATIONS)
def test_the_same_reason_is_told_once(situation):
    seen, _ = SITUATIONS[situation]
    status = status_of(seen, decide(seen))
    recorded = replace(seen, migration=replace(seen.migration, status=status))
    assert event_of(recorded, status, BODY) is None


TYPES = {
    "a run starts": (run, "Normal", "Starting"),
    "a run is at work": (at_work, "Normal", "Running"),
    "a run is done": (lambda of: reported(of, 0), "Normal", "UpToDate"),
    "the database is away": (lambda of: reported(of, Exit.UNREACHABLE, ended=1), "Warning", "DatabaseUnreachable"),
    "a human is needed": (lambda of: reported(of, Exit.REVISION_FAILED), "Warning", "RevisionFailed"),
}


@pytest.mark.parametrize("situation", TYPES)
def test_good_news_is_normal_and_the_rest_is_a_warning(situation):
    make, kind, reason = TYPES[situation]
    event = told(snapshot(migration(), make(migration())))
    assert event is not None
    assert (event["type"], event["reason"]) == (kind, reason)
    assert event["involvedObject"]["uid"] == migration().uid
    assert event["message"]


@pytest.mark.parametrize("make", [run, at_work], ids=["starting", "running"])
def test_further_tries_do_not_flood_the_events(make):
    again = snapshot(migration(), make(migration(), attempt=2))
    assert told(again) is None


def test_the_default_status_of_the_crd_gives_way_with_an_event():
    waiting = {"type": "Ready", "status": "Unknown", "reason": "Pending", "message": "Waiting"}
    default = Status.model_validate({"conditions": [waiting | {"lastTransitionTime": "1970-01-01T00:00:00Z"}]})
    assert told(snapshot(migration(status=default))) is not None
