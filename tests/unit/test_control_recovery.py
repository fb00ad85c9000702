"""What must not be forgotten: pods without their Jobs, Jobs on their way out, clocks that differ."""

from dataclasses import replace
from datetime import timedelta

import pytest

from revgate.contract import names
from revgate.contract.edges import MARK, decode_edges, digest_of
from revgate.contract.exits import Exit, Next
from revgate.contract.reasons import Reason
from revgate.contract.report import encode_report
from revgate.control.deciding.decide import decide
from revgate.control.deciding.decision import Again, Done, Hold, Progress, Stall, Start
from revgate.control.deciding.endings import Ended, Started, Unstarted, state_of
from revgate.control.deciding.inputs import inputs_of
from revgate.control.deciding.kinds import Kind
from revgate.control.deciding.status import status_of
from revgate.control.leadership.queue import _delay_after
from revgate.control.observing.pod_reading import read_pod
from revgate.control.observing.reading import read_orphan, read_run
from revgate.control.resource.record import RunRecord, RunState, Status
from support.builders import (
    NOW,
    ago,
    at_work,
    job_body,
    looking,
    migration,
    planning,
    pod,
    pod_body,
    report,
    reported,
    run,
    snapshot,
    spec,
    terminated,
    waiting,
)

PLAIN = migration()
LABELS = {names.RUN_OF: "ledger", names.UID: PLAIN.uid, names.INPUTS: "0123", names.ATTEMPT: "2", names.FAILURES: "1"}


def test_a_pod_whose_job_was_deleted_is_still_a_run_at_work():
    body = pod_body({"running": {"startedAt": "2026-03-01T12:00:00Z"}}, phase="Running", labels=LABELS)
    orphan = read_orphan([body])
    assert orphan is not None
    assert isinstance(state_of(orphan), Started)
    assert (orphan.uid, orphan.inputs, orphan.attempt, orphan.failures) == (PLAIN.uid, "0123", 2, 1)


def test_the_report_of_a_pod_whose_job_was_deleted_counts():
    said = encode_report(report(Exit.REVISION_FAILED))
    orphan = read_orphan([pod_body(terminated(30, message=said), phase="Failed", labels=LABELS)])
    assert orphan is not None
    ended = state_of(orphan)
    assert isinstance(ended, Ended)
    assert (ended.reason, ended.next) == (Reason.REVISION_FAILED, Next.HUMAN)


def test_no_try_starts_while_a_pod_without_its_job_is_at_work():
    assert isinstance(decide(snapshot(PLAIN, at_work(PLAIN, deleting=True))), Progress)


# ---- Jobs that never started, on their way out


def _removed(of, after: float = 5):
    """A Job past its start deadline, its record written, itself not gone yet; and the snapshot some seconds later."""
    never = waiting(of, "ImagePullBackOff", "no such image", created=700)
    removing = decide(snapshot(of, never))
    status = status_of(snapshot(of, never), removing)
    again = replace(of, status=status)
    return replace(snapshot(again, replace(never, deleting=True)), now=NOW + timedelta(seconds=after))


def test_a_job_that_is_being_removed_is_remembered_by_its_reason():
    again = decide(_removed(PLAIN))
    assert isinstance(again, Again)
    assert again.ended.reason == Reason.IMAGE_PULL_FAILED


def test_the_record_of_a_removed_job_outlives_the_passes_until_it_is_gone():
    seen = _removed(PLAIN)
    status = status_of(seen, decide(seen))
    assert status.run is not None
    assert (status.run.state, status.run.reason) == ("Finished", "ImagePullFailed")


def test_a_job_that_started_while_it_was_being_removed_is_waited_for():
    seen = _removed(PLAIN)
    started = replace(seen.runs[0], pod=pod(started=1))
    assert isinstance(decide(replace(seen, runs=(started,))), Progress)


# ---- init containers of the user's template


def _init(state: dict, phase: str = "Pending"):
    statuses = [{"name": "prepare", "state": state, "started": False}]
    return pod_body({"waiting": {"reason": "PodInitializing"}}, phase=phase, initContainerStatuses=statuses)


def test_an_init_container_that_fails_is_named():
    ended = state_of(read_run(job_body(PLAIN), [_init(terminated(3), phase="Failed")]))
    assert isinstance(ended, Ended)
    assert (ended.reason, ended.next) == (Reason.INIT_FAILED, Next.COUNTED)
    assert "-c prepare" in ended.message


def test_an_init_container_that_was_evicted_did_not_fail():
    disrupted = {"type": "DisruptionTarget", "status": "True", "message": "Eviction API: evicting"}
    body = _init(terminated(137), phase="Failed")
    body["status"]["conditions"] = [disrupted]
    ended = state_of(read_run(job_body(PLAIN), [body]))
    assert isinstance(ended, Ended)
    assert (ended.reason, ended.next) == (Reason.EVICTED, Next.AGAIN)
    assert "Eviction API: evicting" in ended.message


def test_an_init_container_whose_image_is_missing_says_so():
    state = {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}
    unstarted = state_of(read_run(job_body(PLAIN), [_init(state)]))
    assert isinstance(unstarted, Unstarted)
    assert unstarted.reason is Reason.IMAGE_PULL_FAILED


def test_an_init_container_at_work_is_no_start_that_failed():
    busy = read_pod(_init({"running": {"startedAt": "2026-03-01T11:00:00Z"}}))
    assert busy.is_initializing
    assert isinstance(decide(snapshot(PLAIN, run(PLAIN, created=7000, pod=busy))), Progress)


# ---- deletion, clocks, other versions


def test_nothing_starts_for_a_migration_that_is_being_deleted():
    assert isinstance(decide(snapshot(replace(PLAIN, is_deleted=True))), Hold)


@pytest.mark.parametrize(("ended", "base"), [(-3600, 0), (360, 60)], ids=["an hour ahead", "six minutes behind"])
def test_a_nodes_wrong_clock_moves_a_retry_by_no_more_than_the_run_took(ended, base):
    again = decide(replace(snapshot(PLAIN, reported(PLAIN, Exit.UNREACHABLE, created=60, ended=ended)), now=ago(58)))
    later = decide(snapshot(PLAIN, reported(PLAIN, Exit.UNREACHABLE, created=base, ended=ended)))
    assert isinstance(again, Again)
    assert again.at <= ago(58) + timedelta(seconds=6)
    assert isinstance(later, Again | Start)


def test_a_later_run_on_a_node_whose_clock_is_behind_is_taken_over():
    first = reported(PLAIN, 0, created=300, ended=-300, said=report(current=("0001",)))
    known = status_of(snapshot(PLAIN, first), Done(state_of(first)))
    second = reported(PLAIN, 0, attempt=2, created=60, ended=50, said=report(current=("0002",)))
    seen = snapshot(migration(status=known), first, second)
    assert status_of(seen, decide(seen)).current_revisions == ("0002",)


def test_a_reason_of_another_version_in_the_status_is_kept():
    run = RunRecord(job="j", uid="u", inputs="i", attempt=1, state=RunState.FINISHED, reason="FromTheFuture")
    status = Status(run=run)
    assert Status.model_validate(status.as_json()) == status


def test_a_reason_of_another_version_waits_for_a_human():
    record = RunRecord(
        job="j",
        uid=PLAIN.uid,
        inputs=inputs_of(PLAIN, spec(), ""),
        attempt=1,
        state=RunState.FINISHED,
        finished_at=ago(5),
        reason="FromTheFuture",
    )
    stall = decide(snapshot(migration(status=Status(run=record))))
    assert isinstance(stall, Stall)
    assert stall.reason == "FromTheFuture"


def test_edges_of_a_newer_runner_are_read_as_far_as_they_are_known():
    lines = [f'{MARK}"rows":[["0002",["0001"],"","new column"]]}}']
    edges = decode_edges("\n".join(lines), digest_of(lines))
    assert edges is not None
    assert edges[0].parents == ("0001",)


def test_edges_in_another_form_are_not_used_and_stop_nobody():
    lines = [f'{MARK}"rows":[{{"revision":"0002"}}]}}']
    assert decode_edges("\n".join(lines), digest_of(lines)) is None


def test_a_key_that_fails_for_days_still_has_a_delay():
    assert _delay_after(100_000) <= 72


def test_a_run_that_is_known_to_be_over_is_not_starting_when_its_pod_goes_before_its_job_says_so():
    ended = run(PLAIN, pod=pod(started=30, exited=137))
    first = snapshot(PLAIN, ended, now=ago(9))
    known = status_of(first, decide(first))
    seen = snapshot(migration(PLAIN.spec, status=known), replace(ended, pod=None), now=ago(8))
    again = decide(seen)
    assert isinstance(again, Again)
    assert again.ended.reason == Reason.KILLED
    assert status_of(seen, again).run == known.run


def test_two_runs_of_one_second_that_are_both_on_their_way_out_do_not_take_turns():
    """Each pass would write the other one into the status, and the write would wake the next pass, for ever."""
    seen = snapshot(
        PLAIN,
        run(PLAIN, deleting=True, **looking(PLAIN)),
        run(PLAIN, deleting=True, inputs=planning(PLAIN), kind=Kind.PLAN),
    )
    written = []
    for _ in range(4):
        status = status_of(seen, decide(seen))
        written.append(status.run.job if status.run else "")
        seen = replace(seen, migration=replace(seen.migration, status=status))
    assert len(set(written)) == 1
