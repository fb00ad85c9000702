"""A pod behind the scheduling gate: how it is read, why it is held, what is said, and the patch that lets it go."""

from typing import Any

import pytest

from revgate.contract import names
from revgate.control.gates.events import MOST_A_POD, Told, event_on
from revgate.control.gates.lift import lifting
from revgate.control.gates.pods import HeldPod, HeldPods, read_held
from revgate.control.gates.standing import MOST_REVISIONS, Free, Held, Why, standing_of
from revgate.control.observing.snapshot import Key
from revgate.control.resource.record import Condition, ConditionStatus, Observation, Status
from support.builders import NOW, ago, migration

FOREIGN = "example.com/quota"


def body(*gates: str, requires: str | None = "0002", labels: Any = None, **metadata: Any) -> dict[str, Any]:
    """A pod as the API server shows it."""
    annotations = {} if requires is None else {names.REQUIRES: requires}
    usual = {"namespace": "shop", "name": "web-0", "uid": "u1", "resourceVersion": "7", "annotations": annotations}
    usual |= {"labels": {names.MIGRATION: "ledger"} if labels is None else labels} | metadata
    return {"metadata": usual, "spec": {"schedulingGates": [{"name": name} for name in gates]}}


def held(**fields: Any) -> HeldPod:
    pod = read_held(body(names.SCHEDULING_GATE, **fields))
    assert pod is not None
    return pod


def status(true: str, reason: str, *served: str, pending: tuple[str, ...] = ()) -> Status:
    ready = ConditionStatus.TRUE if true == "Ready" else ConditionStatus.FALSE
    stalled = ConditionStatus.TRUE if true == "Stalled" else ConditionStatus.FALSE
    kinds = (("Ready", ready), ("Stalled", stalled))
    conditions = tuple(
        Condition(type=kind, status=value, reason=reason, message="", last_transition_time=ago(5))
        for kind, value in kinds
    )
    seen = Observation(job="j", created_at=ago(60), database="")
    heads = served[:1]
    return Status(
        conditions=conditions, observed_generation=1, observed_at=ago(9) if served else None, observed_by=seen,
        current_revisions=heads, served_revisions=served, pending_revisions=pending, pending_count=len(pending),
    )  # fmt: skip


def test_a_pod_waits_for_a_migration_of_its_own_namespace():
    pod = held()
    assert pod.key == Key("shop", "ledger")
    assert pod.revisions == ("0002",)


@pytest.mark.parametrize(
    "free",
    [
        body(),
        body(FOREIGN),
        body(names.SCHEDULING_GATE, labels={}),
        body(names.SCHEDULING_GATE, deletionTimestamp="2026-03-01T12:00:00Z"),
        {"metadata": body()["metadata"], "spec": {}},
        {"metadata": body()["metadata"] | {"labels": None}, "spec": {"schedulingGates": None}},
    ],
)
def test_a_pod_that_our_gate_does_not_hold_is_none_of_our_business(free: dict[str, Any]):
    assert read_held(free) is None


@pytest.mark.parametrize(
    ("text", "revisions"),
    [("0002", ("0002",)), (" a1 , b2,,a1 ", ("a1", "b2")), ("", ()), (" , ", ()), (None, ())],
)
def test_the_annotation_is_a_list_with_commas(text: str | None, revisions: tuple[str, ...]):
    assert held(requires=text).revisions == revisions


def why(pod: HeldPod, of: Any) -> tuple[Why, str]:
    standing = standing_of(pod, of)
    assert isinstance(standing, Held)
    return standing.why, standing.message


@pytest.mark.parametrize("text", [None, "", " , "])
def test_a_pod_that_does_not_say_what_it_requires_is_told_so_whether_or_not_there_is_a_migration(text: str | None):
    for of in (None, migration(status=status("Ready", "UpToDate", "0002"))):
        reason, message = why(held(requires=text), of)
        assert reason is Why.REQUIRES_MISSING
        assert "revgate.io/requires" in message


@pytest.mark.parametrize("text", ["0002 0003", "x" * 129, ",".join(str(n) for n in range(MOST_REVISIONS + 1))])
def test_an_annotation_that_is_no_list_of_revisions_is_told_so_in_a_short_message(text: str):
    reason, message = why(held(requires=text), migration(status=status("Ready", "UpToDate", "0002")))
    assert reason is Why.REQUIRES_NOT_VALID
    assert len(message) < 300


def test_a_migration_that_does_not_exist_is_named_with_the_pods_namespace():
    reason, message = why(held(), None)
    assert reason is Why.MIGRATION_NOT_FOUND
    assert "SchemaMigration ledger does not exist in namespace shop" in message


def test_a_pod_whose_revision_is_served_is_free():
    assert standing_of(held(), migration(status=status("Ready", "UpToDate", "0003", "0002"))) == Free()


def test_each_way_of_not_being_served_has_a_reason_of_its_own():
    waiting = migration(status=status("Reconciling", "Running"))
    stalled = migration(status=status("Stalled", "RevisionFailed"))
    unknown = migration(status=status("Ready", "UpToDate", "0009", "0008"))
    floor = migration(status=status("Ready", "UpToDate", "0009", "0008").model_copy(update={"floor": "0008"}))
    no_map = migration(status=status("Ready", "UpToDate", "0009"))
    seen = [why(held(), of)[0] for of in (waiting, stalled, unknown, floor, no_map)]
    assert seen == [
        Why.WAITING_FOR_SCHEMA,
        Why.MIGRATION_STALLED,
        Why.REVISION_NOT_FOUND,
        Why.SCHEMA_PAST_FLOOR,
        Why.CANNOT_TELL,
    ]


def test_the_message_names_the_migrations_own_reason_and_where_to_look():
    _, message = why(held(), migration(status=status("Stalled", "RevisionFailed")))
    assert "(SchemaMigration ledger: RevisionFailed); kubectl describe smig ledger" in message


# ---- what is said


def test_a_reason_is_told_once_and_again_after_another_one():
    told, pod = Told(), held()
    reasons = [Why.MIGRATION_NOT_FOUND, Why.MIGRATION_NOT_FOUND, Why.WAITING_FOR_SCHEMA, Why.MIGRATION_NOT_FOUND]
    assert [told.next_number(pod, reason) for reason in reasons] == [1, None, 1, 2]


def test_a_pod_whose_reason_changes_for_ever_is_told_a_limited_number_of_times():
    told, pod = Told(), held()
    reasons = [Why.MIGRATION_NOT_FOUND, Why.WAITING_FOR_SCHEMA] * MOST_A_POD
    numbers = [told.next_number(pod, reason) for reason in reasons]
    assert len([number for number in numbers if number]) == MOST_A_POD


def test_an_event_has_a_name_that_tells_what_was_told_already():
    pod, not_found = held(), Held(Why.MIGRATION_NOT_FOUND, "x" * 5000)
    event = event_on(pod, not_found, 1, NOW)
    assert event["metadata"] == event_on(pod, not_found, 1, ago(9))["metadata"]
    others = [event_on(pod, not_found, 2, NOW), event_on(held(uid="u2"), not_found, 1, NOW)]
    assert len({each["metadata"]["name"] for each in (event, *others)}) == 3
    assert (event["type"], event["reason"], len(event["message"])) == ("Warning", "MigrationNotFound", 1000)
    assert event["involvedObject"]["uid"] == "u1"


def test_an_event_on_a_pod_with_the_longest_name_has_a_name_that_the_api_server_takes():
    name = event_on(held(name="a" * 199 + ".b" + "c" * 52), Held(Why.CANNOT_TELL, ""), 1, NOW)["metadata"]["name"]
    assert len(name) <= 253
    assert ".." not in name


# ---- the patch


def test_the_patch_tests_every_fact_that_the_decision_rests_on_and_removes_our_gate_only():
    pod = read_held(body(FOREIGN, names.SCHEDULING_GATE, requires="a1, b2"))
    assert pod is not None
    *tests, last = lifting(pod)
    assert last == {"op": "remove", "path": "/spec/schedulingGates/1"}
    assert {(each["path"], each["value"]) for each in tests if each["op"] == "test"} == {
        ("/metadata/uid", "u1"),
        ("/metadata/labels/revgate.io~1migration", "ledger"),
        ("/metadata/annotations/revgate.io~1requires", "a1, b2"),
        ("/spec/schedulingGates/1/name", "revgate.io/schema"),
    }


# ---- all of them


def test_pods_are_found_by_the_migration_that_they_wait_for_now():
    pods = HeldPods()
    pods.put(held())
    pods.put(held(uid="u2", name="web-1"))
    pods.put(held(labels={names.MIGRATION: "other"}))
    assert [pod.name for pod in pods.of(Key("shop", "ledger"))] == ["web-1"]
    assert [pod.name for pod in pods.of(Key("shop", "other"))] == ["web-0"]
    assert pods.of(Key("elsewhere", "ledger")) == ()
    for uid in ("u1", "u2", "u2", "never seen"):
        pods.drop(uid)
    assert len(pods) == 0
    assert pods._pods == {}
