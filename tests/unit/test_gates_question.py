"""What a status says about revisions that an app requires, and what it must never be taken to say."""

from typing import Any

import pytest

from revgate.contract.observed import MOST_SERVED
from revgate.contract.serves import Answer
from revgate.control.deciding.inputs import database_of
from revgate.control.gates.question import judge
from revgate.control.observing.snapshot import Malformed, Migration
from revgate.control.resource.record import Condition, ConditionStatus, NextFloor, Observation, Status
from support.builders import ago, migration, spec

HERE = database_of(spec())
ELSEWHERE = spec(database={"urlFrom": {"secretKeyRef": {"name": "another", "key": "url"}}})


def observed(*heads: str, served: tuple[str, ...] = (), database: str = HERE, **fields: Any) -> Status:
    """The status after a run that read the database."""
    seen = Observation(job="ledger-1", created_at=ago(60), database=database)
    usual = {"observed_at": ago(50), "observed_by": seen, "observed_generation": 1, "pending_count": 0}
    return Status(**(usual | {"current_revisions": heads, "served_revisions": served or heads} | fields))


def condition(name: str, reason: str, status: ConditionStatus = ConditionStatus.TRUE) -> Condition:
    return Condition(type=name, status=status, reason=reason, message="", last_transition_time=ago(50))


READY = {"conditions": (condition("Ready", "UpToDate"),)}
NOT_READY = {"conditions": (condition("Ready", "Running", ConditionStatus.FALSE),)}
FLOOR = {"revision": "0007", "floor": "0006", "ends": ("0005",), "inputs": "ab"}
FULL = tuple(f"{number:04}" for number in range(1, MOST_SERVED + 1))

# the situation: (status, what is required, the answer, what the message says)
SITUATIONS: dict[str, tuple[Status, tuple[str, ...], Answer, str]] = {
    "nothing was read yet": (Status(), ("0002",), Answer.CANNOT_TELL, "No database was read yet"),
    "the head is required": (observed("0002"), ("0002",), Answer.YES, "Database is at 0002"),
    "an ancestor is required, after the upgrade": (
        observed("0003", served=("0003", "0002")),
        ("0002",),
        Answer.YES,
        "",
    ),
    "several are required and served": (observed("b2", "a2", served=("a2", "b2", "a1")), ("a1", "b2"), Answer.YES, ""),
    "one of several is not served": (
        observed("a2", "b2", served=("a2", "b2", "a1"), pending_revisions=("b3",), pending_count=1),
        ("a1", "b3"),
        Answer.BEHIND,
        "b3 is required and pending",
    ),
    "the database was never migrated": (observed(), ("0001",), Answer.BEHIND, "has no revision yet"),
    "a floor is next that ends it, and it is served so far": (
        observed("0006", served=("0006", "0005"), next_floor=NextFloor(**FLOOR)),
        ("0005",),
        Answer.YES,
        "Database is at 0006",
    ),
    "a run is about to pass the floor that ends it": (
        observed("0006", next_floor=NextFloor(**FLOOR, withdrawn=True)),
        ("0005",),
        Answer.PAST_FLOOR,
        "Database is at 0006 and about to serve apps from 0006 on only: 0005 is too old; deploy a release that",
    ),
    "a run ended without a word that might pass the floor that ends it": (
        observed("0006", next_floor=NextFloor(**FLOOR, unsure=True)),
        ("0005",),
        Answer.PAST_FLOOR,
        "0005 is too old",
    ),
    "it is pending": (
        observed("0001", pending_revisions=("0002",), pending_count=1),
        ("0002",),
        Answer.BEHIND,
        "Database is at 0001, 0002 is required and pending",
    ),
    "more is pending than the status lists": (
        observed("0001", pending_revisions=("0002",), pending_count=40),
        ("0030",),
        Answer.BEHIND,
        "40 pending",
    ),
    "the heads are all that is known": (
        observed("0003", **READY),
        ("0002",),
        Answer.CANNOT_TELL,
        "cannot tell whether that includes 0002",
    ),
    "the map has no room for it": (
        observed("0001", served=FULL),
        ("base",),
        Answer.CANNOT_TELL,
        "names the nearest 100 revisions only",
    ),
    "older than the floor": (
        observed("0007", served=("0007", "0006"), floor="0006"),
        ("0005",),
        Answer.PAST_FLOOR,
        "serves apps from 0006 on: 0005 is too old",
    ),
    "up to date, and it is not of this history": (
        observed("0003", served=("0003", "0002"), observed_image="ledger:1", **READY),
        ("9999",),
        Answer.BEHIND,
        "all that image ledger:1 has, without 9999",
    ),
    "not applied yet, and nothing says when": (
        observed("0003", served=("0003", "0002"), **NOT_READY),
        ("0004",),
        Answer.BEHIND,
        "0004 is required and neither applied nor pending so far",
    ),
    "a downgrade below the head is about to begin": (
        observed("0003", served=("0002", "0001"), **NOT_READY),
        ("0003",),
        Answer.BEHIND,
        "about to be downgraded below 0003",
    ),
    "the floor outweighs what is only pending": (
        observed("0007", served=("0007", "0006"), floor="0006", pending_revisions=("0008",), pending_count=1),
        ("0008", "0001"),
        Answer.PAST_FLOOR,
        "0008 is required and pending; Database is at 0007 and serves apps from 0006 on",
    ),
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_the_answer(situation: str):
    status, requires, answer, message = SITUATIONS[situation]
    verdict = judge(migration(status=status), requires)
    assert verdict.answer is answer
    assert message in verdict.message
    assert not verdict.message.endswith(".")


def judged(of: Migration) -> Answer:
    return judge(of, ("0002",)).answer


@pytest.mark.parametrize("seen", [1, 2])
def test_a_status_about_another_database_lets_nobody_through(seen: int):
    status = observed("0002", observed_generation=seen, **NOT_READY)
    assert judged(migration(ELSEWHERE, generation=2, status=status)) is Answer.CANNOT_TELL


def test_what_was_ready_before_the_spec_named_another_database_is_not_ready_now():
    status = observed("0002", observed_generation=1, **READY)
    assert judged(migration(ELSEWHERE, generation=2, status=status)) is Answer.CANNOT_TELL


def test_another_image_or_password_leaves_the_old_release_free_to_restart_during_the_upgrade():
    status = observed("0002", observed_generation=1, **NOT_READY)
    assert judged(migration(spec(image="ledger:2"), generation=2, status=status)) is Answer.YES
    assert database_of(spec(image="ledger:2", timeouts={"lock": "1s"})) == HERE


def test_another_password_is_the_same_database_and_another_name_is_not():
    parts = {"host": "db", "name": "ledger", "userFrom": {"secretKeyRef": {"name": "a", "key": "user"}}}
    password = {"passwordFrom": {"secretKeyRef": {"name": "b", "key": "password"}}}
    assert database_of(spec(database=parts)) == database_of(spec(database=parts | password))
    assert database_of(spec(database=parts)) != database_of(spec(database=parts | {"name": "other"}))


def test_a_status_of_an_older_operator_counts_while_it_says_ready():
    assert judged(migration(status=observed("0002", database="", **READY))) is Answer.YES
    assert judged(migration(status=observed("0002", database="", **NOT_READY))) is Answer.CANNOT_TELL


def test_a_spec_that_nobody_can_read_names_no_database():
    status = observed("0002", observed_generation=1, **NOT_READY)
    assert judged(migration(Malformed("Field spec.retry is not valid"), generation=2, status=status)) is (
        Answer.CANNOT_TELL
    )


@pytest.mark.parametrize("situation", SITUATIONS)
def test_only_what_is_listed_as_served_is_served(situation: str):
    """Whatever else a status holds: without its list of served revisions it lets nobody through."""
    status, requires, _, _ = SITUATIONS[situation]
    robbed = migration(status=status.model_copy(update={"served_revisions": ()}))
    assert judge(robbed, requires).answer is not Answer.YES
