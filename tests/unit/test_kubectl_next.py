"""What `kubectl revgate` says happens next, and whether a status serves a pod: tables of situations."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from revgate.cli.kubectl.held import verdict_of
from revgate.cli.kubectl.migration import Condition, Migration, Run, migration_of
from revgate.cli.kubectl.next_step import next_step
from revgate.contract.serves import Answer

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
RUN = Run("ledger-1", 1, "Started", NOW, None, "", "")


def migration(**fields: Any) -> Migration:
    """A migration that is under way, with these fields of its own."""
    seen = {"metadata": {"name": "ledger", "namespace": "shop", "generation": 1}, "status": {"observedGeneration": 1}}
    return replace(migration_of(seen), **fields)


def reason(text: str, ready: str = "False", stalled: str = "False") -> dict[str, Condition]:
    return {"Ready": Condition(ready, text, ""), "Stalled": Condition(stalled, text, "")}


NEXT = {
    "it is being deleted": ({"is_deleted": True, "run": RUN}, "It is being deleted; a run that has started goes on"),
    "the newest spec was not looked at": (
        {"is_seen": False, "conditions": reason("UpToDate", "True")},
        "The operator looks at the newest spec; if it does not, see whether it runs: `kubectl get pods -A",
    ),
    "it is ready": ({"conditions": reason("UpToDate", "True")}, "Nothing, until the spec changes"),
    "it is ready and suspended": (
        {"conditions": reason("UpToDate", "True"), "is_suspended": True},
        "Nothing, until the spec changes",
    ),
    "a run is at work": ({"run": RUN}, "Job ledger-1 ends by itself; `kubectl revgate logs ledger -n shop -f` follows"),
    "a run is at work while suspended": ({"run": RUN, "is_suspended": True}, "Job ledger-1 ends by itself"),
    "it is suspended": (
        {"is_suspended": True, "conditions": reason("Suspended")},
        "Nothing is started; `kubectl revgate resume ledger -n shop` lets it go on",
    ),
    "a plan waits": (
        {"conditions": reason("AwaitingApproval")},
        "A person approves it or rejects it; `kubectl revgate plan ledger -n shop` shows what would run, ",
    ),
    "old pods are at work": (
        {"conditions": reason("WaitingForOldPods")},
        "Goes on when these pods are gone; `kubectl get pods -n shop -l revgate.io/migration=ledger` shows them, spec.",
    ),
    "a plan was rejected": (
        {"conditions": reason("PlanRejected", stalled="True")},
        "Nothing by itself; a new image, a new target or `kubectl revgate retry ledger -n shop` makes a new plan",
    ),
    "only plans are made": ({"conditions": reason("Planned")}, "Nothing is applied in mode Plan; "),
    "it is stalled": (
        {"conditions": reason("RevisionFailed", stalled="True")},
        "Nothing by itself; mend what the message names, then `kubectl revgate retry ledger -n shop`",
    ),
    "a try follows": (
        {"conditions": reason("LockTimeout"), "next_retry": NOW + timedelta(seconds=40)},
        "Tried again in 40s; `kubectl revgate retry ledger -n shop` tries at once",
    ),
    "a try is due": ({"conditions": reason("LockTimeout"), "next_retry": NOW}, "Tried again now; "),
    "the Job has no container yet": (
        {"run": replace(RUN, state="Unstarted")},
        "Job ledger-1 starts its container; `kubectl describe pod -n shop -l batch.kubernetes.io/job-name=ledger-1`",
    ),
    "nothing else is known": ({"conditions": reason("OfANewerOperator")}, "The operator goes on with it"),
}


@pytest.mark.parametrize("situation", NEXT)
def test_what_happens_next_is_said(situation: str):
    fields, sentence = NEXT[situation]
    assert str(next_step(migration(**fields), NOW)).startswith(sentence)


READ = {"observed_at": NOW, "current": ("3",), "served": ("3", "2")}

HELD = {
    "nothing was read yet": ({}, "3", Answer.CANNOT_TELL, "No database was read yet, 3 is required"),
    "it is the head": (READ, "3", Answer.YES, "Database is at 3 and serves 3"),
    "it is below the head": (READ, "2", Answer.YES, "Database is at 3 and serves 2"),
    "the database is empty": ({"observed_at": NOW}, "1", Answer.BEHIND, "Database has no revision yet, 1 is required"),
    "it is pending": (READ | {"pending": ("4",)}, "4", Answer.BEHIND, "Database is at 3, 4 is required and pending"),
    "it may be one of many pending": (
        READ | {"pending": ("4",), "pending_count": 30},
        "9",
        Answer.BEHIND,
        "Database is at 3 with 30 pending, 9 is required",
    ),
    "it is about to go": (
        {"observed_at": NOW, "current": ("3",), "served": ("2",)},
        "3",
        Answer.BEHIND,
        "Database is at 3, and is about to be downgraded below 3",
    ),
    "it is older than the floor": (READ | {"floor": "2"}, "1", Answer.PAST_FLOOR, "deploy a release that requires 2"),
    "there is no map": (
        {"observed_at": NOW, "current": ("3",), "served": ("3",)},
        "2",
        Answer.CANNOT_TELL,
        "its status cannot tell whether that includes 2",
    ),
    "the status names only the nearest": (
        READ | {"served": tuple(str(each) for each in range(3, 103))},
        "1",
        Answer.CANNOT_TELL,
        "its status cannot tell whether that includes 1",
    ),
    "the image has no such revision": (READ, "9", Answer.BEHIND, "9 is required and neither applied nor pending"),
}


@pytest.mark.parametrize("situation", HELD)
def test_a_status_serves_a_pod_or_says_why_not(situation: str):
    fields, required, answer, words = HELD[situation]
    verdict = verdict_of(migration(**fields), required)
    assert verdict.answer is answer
    assert words in verdict.message


@pytest.mark.parametrize(
    ("marks", "leaving"), [({}, ()), ({"withdrawn": True}, ("0005",)), ({"unsure": True}, ("0005",))]
)
def test_whom_a_floor_ends_that_a_run_may_have_passed_is_served_no_longer(marks: dict[str, bool], leaving: tuple[str]):
    status = {"nextFloor": {"floor": "0006", "ends": ["0005"], **marks}}
    assert migration_of({"metadata": {"name": "ledger", "namespace": "shop"}, "status": status}).leaving == leaving
