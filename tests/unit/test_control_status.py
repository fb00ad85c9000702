"""The status: it comes to rest, it never contradicts itself, and it remembers what a person looks for."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from revgate.contract.exits import Exit
from revgate.contract.reasons import Reason
from revgate.contract.serves import Edge
from revgate.control.deciding.decide import decide
from revgate.control.deciding.decision import Again, Decision, Discard, Done, Remove, Start, Tell, Withdraw
from revgate.control.deciding.status import status_of
from revgate.control.observing.news import is_news
from revgate.control.observing.reading import read_migration
from revgate.control.observing.snapshot import Plan, Snapshot
from revgate.control.patch import merge_patch
from revgate.control.resource.record import (
    Condition,
    ConditionStatus,
    HistoryEntry,
    Observation,
    Outcome,
    RunState,
    Status,
)
from support.builders import (
    DIGEST,
    NOW,
    ago,
    at_work,
    going_down,
    later,
    looking,
    migration,
    report,
    reported,
    run,
    silent,
    snapshot,
    spec,
)
from support.situations import SITUATIONS

MOMENT = 0.01  # seconds: nothing becomes due in it


def recorded(seen: Snapshot) -> Status:
    return status_of(seen, decide(seen))


def condition(status: Status, name: str):
    return next(each for each in status.conditions if each.type == name)


def after(seen: Snapshot, decision: Decision) -> Snapshot:
    """The world that the next pass sees when the decision was carried out and its status recorded."""
    status = status_of(seen, decision)
    runs = seen.runs
    if isinstance(decision, Remove):
        runs = tuple(each for each in runs if each.job != decision.run.job)
    if isinstance(decision, Start):
        assert status.run is not None
        new = run(seen.migration, attempt=decision.attempt, failures=decision.failures)
        made = {"job": status.run.job, "inputs": decision.inputs, "kind": decision.kind}
        runs = (*runs, replace(new, created_at=seen.now, **made))
    if isinstance(decision, Tell):
        made = Plan(decision.name, "plan-uid", seen.migration.uid, decision.inputs, seen.now, decision.plan)
        seen = replace(seen, plans=(made, *seen.plans))
    if isinstance(decision, Discard):
        seen = replace(seen, plans=tuple(each for each in seen.plans if each != decision.plan))
    return later(replace(seen, migration=replace(seen.migration, status=status)), MOMENT, *runs)


def patch_of(seen: Snapshot) -> dict:
    return merge_patch(seen.migration.status.as_json(), recorded(seen).as_json())


@pytest.mark.parametrize("situation", SITUATIONS)
def test_the_second_pass_writes_nothing(situation):
    seen, _ = SITUATIONS[situation]
    first = decide(seen)
    second = after(seen, first)
    looks_at_once = isinstance(first, Done) and first.check_at is not None and first.check_at < seen.now
    if looks_at_once or isinstance(first, Remove | Tell | Discard | Withdraw):  # that comes to rest as well
        second = after(second, decide(second))
    assert patch_of(second) == {}
    assert patch_of(after(second, decide(second))) == {}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_status_survives_the_way_through_the_api_server(situation):
    seen, _ = SITUATIONS[situation]
    status = recorded(seen)
    body = {
        "metadata": {"name": "ledger", "namespace": "shop", "uid": "u"},
        "spec": None,
        "status": status.as_json(),
    }
    assert read_migration(body).status == status


@pytest.mark.parametrize("situation", SITUATIONS)
def test_the_three_conditions_never_contradict_each_other(situation):
    seen, _ = SITUATIONS[situation]
    status = recorded(seen)
    assert [each.type for each in status.conditions] == ["Ready", "Reconciling", "Stalled"]
    assert Counter(each.status for each in status.conditions)[ConditionStatus.TRUE] <= 1
    assert all(each.reason in set(Reason) and each.message for each in status.conditions)


@pytest.mark.parametrize("situation", SITUATIONS)
def test_ready_is_true_only_when_the_decision_is_done(situation):
    seen, _ = SITUATIONS[situation]
    ready = condition(recorded(seen), "Ready")
    assert (ready.status is ConditionStatus.TRUE) == isinstance(decide(seen), Done)


@pytest.mark.parametrize("situation", SITUATIONS)
def test_the_generation_that_was_looked_at_is_always_said(situation):
    seen, _ = SITUATIONS[situation]
    status = recorded(seen)
    assert status.observed_generation == seen.migration.generation
    assert {each.observed_generation for each in status.conditions} == {seen.migration.generation}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_the_next_try_has_a_time_exactly_while_the_operator_waits_for_it(situation):
    seen, _ = SITUATIONS[situation]
    decision = decide(seen)
    assert recorded(seen).next_retry_time == (decision.at if isinstance(decision, Again) else None)


@pytest.mark.parametrize("situation", SITUATIONS)
def test_no_message_is_longer_than_a_person_reads(situation):
    seen, _ = SITUATIONS[situation]
    assert all(len(each.message) <= 1024 and "\n" not in each.message for each in recorded(seen).conditions)


def test_a_transition_time_moves_only_with_the_status_of_its_condition():
    of = migration()
    starting = recorded(snapshot(of, run(of)))
    running = recorded(snapshot(migration(status=starting), at_work(of), now=NOW + timedelta(seconds=30)))
    done = recorded(snapshot(migration(status=running), reported(of, 0), now=NOW + timedelta(seconds=60)))
    assert condition(starting, "Reconciling").reason != condition(running, "Reconciling").reason
    assert condition(running, "Reconciling").last_transition_time == NOW
    assert condition(running, "Ready").last_transition_time == NOW
    assert condition(done, "Ready").last_transition_time == NOW + timedelta(seconds=60)
    assert condition(done, "Stalled").last_transition_time == NOW


def test_the_status_that_the_crd_fills_in_gives_way():
    waiting = {"type": "Ready", "status": "Unknown", "reason": "Pending", "message": "Waiting"}
    default = Status.model_validate({"conditions": [waiting | {"lastTransitionTime": "1970-01-01T00:00:00Z"}]})
    status = recorded(snapshot(migration(status=default)))
    assert condition(status, "Ready").last_transition_time == NOW


# ---- what a run saw


def test_a_report_tells_where_the_database_is():
    of = migration()
    said = report(Exit.REVISION_FAILED, current=("0001",), target=("0003",), pending=("0002", "0003"), pending_count=2)
    status = recorded(snapshot(of, reported(of, Exit.REVISION_FAILED, said=said)))
    assert (status.current_revisions, status.target_revisions) == (("0001",), ("0003",))
    assert (status.pending_revisions, status.pending_count) == (("0002", "0003"), 2)
    assert status.observed_at == ago(10)
    assert status.observed_image == f"ledger:1@{DIGEST}"


def test_a_runner_that_did_not_reach_the_version_table_changes_nothing_that_is_known():
    of = migration()
    known = recorded(snapshot(of, reported(of, 0)))
    said = report(Exit.UNREACHABLE, read=False)
    of = migration(retry="again", status=known)
    status = recorded(snapshot(of, reported(of, Exit.UNREACHABLE, said=said, ended=1)))
    assert status.current_revisions == known.current_revisions == ("0002",)
    assert status.observed_at == known.observed_at


def test_an_older_view_of_the_database_does_not_replace_a_newer_one():
    newer = recorded(snapshot(migration(), reported(migration(), 0)))
    of = migration(status=newer)
    old = reported(of, 0, ended=500, said=report(0, current=("0000",)))
    assert recorded(snapshot(of, old)).current_revisions == ("0002",)


def test_a_run_of_an_earlier_migration_of_this_name_tells_nothing():
    status = recorded(snapshot(migration(), reported(migration(uid="earlier"), 0)))
    assert status.current_revisions == ()
    assert status.history == ()


SERVED = {
    "no edges were read: only the heads": (None, ("0003",), ("0003",), ""),
    "a line of three": (
        [Edge("0003", ("0002",)), Edge("0002", ("0001",)), Edge("0001", ())],
        ("0003",),
        ("0003", "0002", "0001"),
        "",
    ),
    "a floor in the middle": (
        [Edge("0003", ("0002",)), Edge("0002", ("0001",), "0002"), Edge("0001", ())],
        ("0003",),
        ("0003", "0002"),
        "0002",
    ),
    "the newest floor counts": (
        [Edge("0003", ("0002",), "0003"), Edge("0002", ("0001",), "0002"), Edge("0001", ())],
        ("0003",),
        ("0003",),
        "0003",
    ),
    "two heads": (
        [Edge("a2", ("1",)), Edge("b2", ("1",)), Edge("1", ())],
        ("a2", "b2"),
        ("a2", "b2", "1"),
        "",
    ),
    "a head that the ledger does not know": ([Edge("0001", ())], ("0009",), ("0009",), ""),
    "an empty database": ([], (), (), ""),
}


@pytest.mark.parametrize("situation", SERVED)
def test_the_served_revisions_follow_from_the_edges(situation):
    edges, heads, served, floor = SERVED[situation]
    of = migration()
    seen = reported(of, 0, said=report(0, current=heads), edges=None if edges is None else tuple(edges))
    status = recorded(snapshot(of, seen))
    assert (status.served_revisions, status.floor) == (served, floor)


def test_the_nearest_hundred_served_revisions_are_kept():
    of = migration()
    line = tuple(Edge(f"{n:04}", (f"{n - 1:04}",) if n else ()) for n in range(300, -1, -1))
    status = recorded(snapshot(of, reported(of, 0, said=report(0, current=("0300",)), edges=line)))
    assert len(status.served_revisions) == 100
    assert (status.served_revisions[0], status.served_revisions[-1]) == ("0300", "0201")


def test_of_two_jobs_of_one_second_the_recorded_one_is_the_newer():
    first, second = migration(spec(image="a")), migration(spec(image="b"), generation=2)
    old, new = reported(first, 0, said=report(0, current=("0001",))), reported(second, 0)
    known = recorded(snapshot(second, at_work(second)))
    status = recorded(snapshot(migration(spec(image="b"), generation=2, status=known), old, new))
    assert status.current_revisions == ("0002",)


# ---- the run


def test_a_run_is_unstarted_then_started_then_finished():
    of = migration()
    runs = [run(of), at_work(of), reported(of, 0)]
    records = [recorded(snapshot(of, each)).run for each in runs]
    assert [record.state for record in records if record] == [RunState.UNSTARTED, RunState.STARTED, RunState.FINISHED]


def test_the_run_of_a_start_is_the_job_that_is_created():
    status = recorded(snapshot(migration()))
    assert status.run is not None
    assert status.run.job.startswith("ledger-")
    assert status.run.job in condition(status, "Reconciling").message


def test_a_job_that_never_started_is_remembered_as_a_failed_run():
    of = migration()
    status = recorded(snapshot(of, run(of, created=700)))
    assert status.run is not None
    assert (status.run.outcome, status.run.reason) == (Outcome.FAILED, Reason.POD_NOT_STARTED)


def test_while_suspended_the_run_of_another_spec_stays_the_newest():
    seen, _ = SITUATIONS["A ran, B ran, A is asked for again, but suspended"]
    record = recorded(seen).run
    assert record is not None
    assert record.job == seen.runs[1].job


# ---- the history


def test_a_run_that_moved_the_database_is_in_the_history():
    of = migration()
    (entry,) = recorded(snapshot(of, reported(of, 0))).history
    assert (entry.from_, entry.to, entry.outcome) == (("0001",), ("0002",), Outcome.SUCCEEDED)
    assert (entry.started_at, entry.finished_at, entry.image) == (ago(30), ago(10), f"ledger:1@{DIGEST}")


def test_a_run_that_needs_a_human_is_in_the_history():
    of = migration()
    (entry,) = recorded(snapshot(of, silent(of, 1))).history
    assert (entry.outcome, entry.reason) == (Outcome.FAILED, Reason.NO_REPORT)


UNREMARKABLE = {
    "nothing was to do": lambda of: reported(of, 0, said=report(0, before=("0002",))),
    "the database was away": lambda of: reported(of, Exit.UNREACHABLE, said=report(Exit.UNREACHABLE, read=False)),
    "the run is at work": at_work,
}


@pytest.mark.parametrize("situation", UNREMARKABLE)
def test_the_history_does_not_fill_with_what_changed_nothing(situation):
    of = migration()
    assert recorded(snapshot(of, UNREMARKABLE[situation](of))).history == ()


def entries(count: int) -> tuple[HistoryEntry, ...]:
    usual = {"outcome": Outcome.SUCCEEDED, "reason": Reason.UP_TO_DATE}
    return tuple(HistoryEntry(job=f"old-{n}", finished_at=ago(1000 + n), **usual) for n in range(count))


@pytest.mark.parametrize(("limit", "kept"), [(0, 0), (1, 1), (3, 3), (100, 11)])
def test_the_history_is_cut_at_its_limit_newest_first(limit, kept):
    of = migration(spec(history_limit=limit), status=Status(history=entries(10)))
    moved = reported(of, 0)
    history = recorded(snapshot(of, moved)).history
    assert len(history) == kept
    assert not history or history[0].job == moved.job


def test_a_lower_limit_cuts_the_history_without_a_new_run():
    of = migration(spec(history_limit=2), status=Status(history=entries(10)))
    assert [entry.job for entry in recorded(snapshot(of)).history] == ["old-0", "old-1"]


def test_an_older_run_does_not_come_back_into_a_history_that_has_dropped_it():
    of = migration(spec(history_limit=1))
    first, second = reported(of, 0, created=300, ended=280), reported(of, 0, attempt=2, created=100, ended=80)
    status = recorded(snapshot(of, first, second))
    assert [entry.job for entry in status.history] == [second.job]
    kept = recorded(snapshot(migration(spec(history_limit=1), status=status), first))
    assert [entry.job for entry in kept.history] == [second.job]


# ---- news

NEWS = {
    "nothing was observed yet": (None, True),
    "the last observation is of an older Job": (("before", 90), True),
    "the last observation is of a younger Job": (("after", 30), False),
    "the last observation is of this Job": (("", 60), False),
    "the last observation is of this Job, whose pod is a second younger and all that is left": (("", 61), False),
    "the last observation is of another Job of the same second": (("twin", 60), True),
}


@pytest.mark.parametrize("situation", NEWS)
def test_a_run_is_news_once_by_the_clock_of_the_api_server(situation):
    known, expected = NEWS[situation]
    seen = reported(migration(), 0, created=60)
    by = Observation(job=known[0] or seen.job, created_at=ago(known[1])) if known else None
    assert is_news(Status(observed_by=by), seen) is expected


def test_two_runs_that_end_in_the_same_second_are_both_news():
    of = migration()
    known = recorded(snapshot(of, at_work(of))).model_copy(update={"observed_at": ago(10)})
    seen = snapshot(migration(status=known), reported(of, 0))
    assert recorded(seen).current_revisions == ("0002",)


READY = Condition(
    type="Ready", status=ConditionStatus.TRUE, reason="UpToDate", message="m", last_transition_time=ago(99)
)


def test_a_look_for_drift_makes_nothing_ready_for_another_spec():
    before, after_edit = (
        migration(spec(image="a")),
        migration(spec(image="b"), generation=2, status=Status(conditions=(READY,), observed_generation=1)),
    )
    seen = snapshot(after_edit, run(before, **looking(before)))
    assert isinstance(decide(seen), Remove)
    assert condition(recorded(seen), "Ready").status is ConditionStatus.FALSE


def test_a_look_for_drift_leaves_a_ready_migration_ready():
    of = migration(spec(drift={"interval": "10m"}), status=Status(conditions=(READY,)))
    for runs in ((run(of, **looking(of)),), (at_work(of, **looking(of)),), (reported(of, 10, **looking(of)),)):
        assert condition(recorded(snapshot(of, *runs)), "Ready").status is ConditionStatus.TRUE


def test_a_downgrade_is_about_one_database():
    down = spec(downgrade={"to": "0001"})
    other = spec(downgrade={"to": "0001"}, database={"urlFrom": {"secretKeyRef": {"name": "other", "key": "url"}}})
    assert going_down(migration(down))["inputs"] != going_down(migration(other))["inputs"]


def test_what_is_about_to_go_is_not_served_until_it_is_known_what_is_left():
    of = migration(spec(downgrade={"to": "0001"}), status=Status(served_revisions=("0002", "0001")))
    assert recorded(snapshot(of)).served_revisions == ("0001",)
    assert recorded(snapshot(of, at_work(of, **going_down(of)))).served_revisions == ("0001",)
    assert recorded(snapshot(of, reported(of, 14, **going_down(of)))).served_revisions == ("0001",)
