"""What metrics read from a migration, whatever is in its status."""

import pytest

from revgate.control.observing.snapshot import Key
from revgate.control.telling.facts import Facts, failure_of

KEY = Key("shop", "ledger")
FAILED = {"state": "Finished", "outcome": "Failed", "reason": "RevisionFailed", "uid": "u", "inputs": "i", "attempt": 1}


def body(generation=1, **status):
    return {"metadata": {"generation": generation}, "status": status}


def facts(given):
    return Facts.of(KEY, given, {})


def condition(kind, status="True", reason="UpToDate"):
    return {"type": kind, "status": status, "reason": reason}


@pytest.mark.parametrize(
    ("given", "ready"),
    [
        (body(), False),
        ({"metadata": {}}, False),
        (body(observedGeneration=1, conditions=[condition("Ready")]), True),
        (body(2, observedGeneration=1, conditions=[condition("Ready")]), False),
        (body(observedGeneration=1, conditions=[condition("Ready", "False")]), False),
    ],
)
def test_it_is_ready_when_the_condition_says_so_of_the_newest_spec(given, ready):
    assert facts(given).is_ready is ready


def test_it_is_stalled_for_a_reason():
    assert facts(body(conditions=[condition("Stalled", reason="RevisionFailed")])).stalled == "RevisionFailed"
    assert facts(body(conditions=[condition("Stalled", "False", "UpToDate")])).stalled == ""


def test_a_run_has_a_duration_when_it_has_ended():
    times = {"startedAt": "2026-11-22T12:00:00Z", "finishedAt": "2026-11-22T12:01:30Z"}
    assert facts(body(run=FAILED | times)).seconds == 90
    assert facts(body(run=FAILED | {"startedAt": times["startedAt"]})).seconds is None


def test_tries_after_the_first_are_retries():
    assert [facts(body(run={"attempt": attempt})).retries for attempt in (1, 4)] == [0, 3]
    assert facts(body()).retries == 0


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        pytest.param(body(), body(run=FAILED), "RevisionFailed", id="a run has failed"),
        pytest.param(body(run=FAILED), body(run=FAILED), "", id="it had failed before"),
        pytest.param(body(run=FAILED), body(run=FAILED | {"attempt": 2}), "RevisionFailed", id="the next one, too"),
        pytest.param(body(run=FAILED), body(run=FAILED | {"state": "Started"}), "", id="the next one runs"),
        pytest.param(None, body(run=FAILED | {"outcome": "Succeeded"}), "", id="it has succeeded"),
        pytest.param(body(run=FAILED), None, "", id="it is gone"),
    ],
)
def test_a_failure_is_counted_once(before, after, reason):
    assert failure_of(before, after) == reason
