"""What a user changes while runs come and go: suspend, retry, another spec, delete, create again."""

import pytest

from revgate.contract import names
from revgate.contract.exits import Exit
from support.stage import MIGRATIONS, Stage, done, report

pytest_plugins = ["support.operator_fixtures"]

A, B = "registry.example/ledger:a", "registry.example/ledger:b"
LATE = {"initialDelay": "1h", "maxDelay": "1h"}


def image_of(stage: Stage, job: str) -> str:
    return stage.api.get("jobs", job)["spec"]["template"]["spec"]["containers"][0]["image"]


# ---- suspend


def test_a_migration_that_is_born_suspended_starts_when_it_is_let(stage: Stage):
    stage.apply(suspend=True)
    stage.until_reason("Suspended")
    assert stage.jobs() == []
    assert {each["status"] for each in stage.status()["conditions"]} == {"False"}
    stage.apply(suspend=False)
    stage.bring_to_ready()


def test_suspending_removes_a_job_that_has_not_started(stage: Stage):
    stage.apply()
    stage.next_job()
    stage.apply(suspend=True)
    stage.until_reason("Suspended")
    stage.until("The Job is removed", lambda: not stage.jobs())


def test_suspending_does_not_stop_a_run_that_has_started(stage: Stage):
    stage.apply()
    job = stage.next_job()
    stage.kubelet.start(job)
    stage.until_true("Reconciling", "Running")
    stage.apply(suspend=True)
    stage.until_true("Reconciling", "Running")
    assert stage.jobs() == [job]
    stage.kubelet.finish(job, done())
    stage.until_true("Ready", "UpToDate")


def test_suspending_what_is_up_to_date_changes_nothing_but_the_generation(stage: Stage):
    stage.apply()
    job = stage.bring_to_ready()
    stage.apply(suspend=True)
    stage.until_true("Ready", "UpToDate")
    stage.apply(suspend=False)
    stage.until_true("Ready", "UpToDate")
    assert stage.jobs() == [job]


# ---- retry


def test_the_annotation_starts_a_stalled_migration_again(stage: Stage):
    stage.apply()
    first = stage.next_job()
    stage.kubelet.finish(first, report(Exit.REVISION_FAILED))
    stage.until_true("Stalled", "RevisionFailed")
    stage.annotate("1")
    second = stage.bring_to_ready("ledger", first)
    assert stage.jobs() == sorted([first, second])


def test_the_annotation_does_not_wait_for_the_next_try(stage: Stage):
    stage.apply(retry=LATE)
    first = stage.next_job()
    stage.kubelet.finish(first, report(Exit.UNREACHABLE))
    stage.until_true("Reconciling", "DatabaseUnreachable")
    stage.annotate("now")
    stage.bring_to_ready("ledger", first)


# ---- another spec


def test_another_spec_waits_for_a_run_that_has_started_and_then_runs(stage: Stage):
    stage.apply(image=A)
    first = stage.next_job()
    stage.kubelet.start(first)
    stage.until_true("Reconciling", "Running")
    stage.apply(image=B)
    assert first in stage.until_true("Reconciling", "WaitingForPreviousRun")
    assert stage.jobs() == [first]
    stage.kubelet.finish(first, done())
    second = stage.bring_to_ready("ledger", first)
    assert image_of(stage, second) == B


def test_another_spec_takes_the_place_of_a_run_that_has_not_started(stage: Stage):
    stage.apply(image=A)
    first = stage.next_job()
    stage.apply(image=B)
    second = stage.next_job(first)
    stage.until("Only the new Job is there", lambda: stage.jobs() == [second])
    assert image_of(stage, second) == B
    stage.bring_to_ready()


def test_a_then_b_then_a_again_are_three_runs(stage: Stage):
    known: list[str] = []
    for image in (A, B, A):
        stage.apply(image=image)
        known.append(stage.bring_to_ready("ledger", *known))
    assert [image_of(stage, job) for job in known] == [A, B, A]
    stage.settle()
    assert len(stage.jobs()) == 3


def test_another_spec_ends_a_stall(stage: Stage):
    stage.apply(image=A)
    first = stage.next_job()
    stage.kubelet.finish(first, report(Exit.REVISION_FAILED))
    stage.until_true("Stalled", "RevisionFailed")
    stage.apply(image=B)
    stage.until_true("Reconciling", "Starting")
    stage.bring_to_ready("ledger", first)


NO_RUN = {
    "historyLimit": {"historyLimit": 3},
    "retry": {"retry": {"limit": 9}},
    "a default, written out": {"targetRevision": "head"},
}


@pytest.mark.parametrize("field", NO_RUN)
def test_a_change_that_starts_no_run_is_looked_at(stage: Stage, field: str):
    stage.apply()
    job = stage.bring_to_ready()
    stage.apply(**NO_RUN[field])
    stage.until_true("Ready", "UpToDate")
    assert stage.jobs() == [job]


# ---- delete


def test_deleting_a_migration_leaves_a_started_run_alone_and_removes_it_when_it_is_over(stage: Stage):
    stage.apply()
    job = stage.next_job()
    stage.kubelet.start(job)
    stage.until_true("Reconciling", "Running")
    stage.delete()
    stage.apply("other")
    stage.bring_to_ready("other")  # by now the operator has seen the deletion too
    assert "deletionTimestamp" not in stage.api.get("jobs", job)["metadata"]
    stage.kubelet.finish(job, done())
    stage.until("The Job is removed", lambda: stage.api.get("jobs", job) is None)


def test_deleting_a_migration_removes_its_finished_jobs(stage: Stage):
    stage.apply()
    stage.bring_to_ready()
    stage.delete()
    stage.until("The Job is removed", lambda: not stage.jobs())


def test_deleting_a_migration_removes_a_job_that_has_not_started(stage: Stage):
    stage.apply()
    stage.next_job()
    stage.delete()
    stage.until("The Job is removed", lambda: not stage.jobs())


def test_an_operator_that_comes_back_leaves_the_started_run_of_a_deleted_migration_alone(stage: Stage):
    stage.apply()
    job = stage.next_job()
    stage.kubelet.start(job)
    stage.until_true("Reconciling", "Running")
    stage.operator.kill()
    stage.delete()
    stage.operator.start()
    stage.apply("other")
    stage.bring_to_ready("other")
    assert "deletionTimestamp" not in stage.api.get("jobs", job)["metadata"]


def test_a_migration_that_is_created_again_waits_for_the_run_of_the_one_before(stage: Stage):
    stage.apply()
    first = stage.next_job()
    stage.kubelet.start(first)
    stage.until_true("Reconciling", "Running")
    stage.delete()
    uid = stage.apply()["metadata"]["uid"]
    stage.until_true("Reconciling", "WaitingForPreviousRun")
    assert stage.jobs() == [first]
    stage.kubelet.finish(first, done())
    second = stage.bring_to_ready("ledger", first)
    assert stage.api.get("jobs", second)["metadata"]["labels"][names.UID] == uid


def test_a_job_that_somebody_deletes_is_run_again(stage: Stage):
    stage.apply(retry={"initialDelay": "500ms"})
    first = stage.next_job()
    stage.api.delete("jobs", first)
    second = stage.next_job(first)
    stage.kubelet.start(second)
    stage.until_true("Reconciling", "Running")
    stage.api.delete("jobs", second)
    stage.bring_to_ready("ledger", first, second)
    assert stage.status()["run"]["attempt"] == 3


@pytest.mark.parametrize("kind", ["jobs", "pods"])
def test_what_is_removed_after_the_run_changes_nothing(stage: Stage, kind: str):
    stage.apply()
    job = stage.bring_to_ready()
    version = stage.settle()
    stage.api.delete(kind, job if kind == "jobs" else stage.kubelet.pod_of(job))
    stage.until("It is gone", lambda: not stage.api.find(kind, f"{names.RUN_OF}=ledger"))
    stage.apply("other")
    stage.bring_to_ready("other")
    assert stage.migration()["metadata"]["resourceVersion"] == version
    assert stage.api.history(MIGRATIONS, "ledger", version) == []


def test_many_runs_leave_few_jobs(stage: Stage):
    stage.apply()
    known = [stage.bring_to_ready()]
    for turn in range(5):
        stage.annotate(str(turn))
        known.append(stage.bring_to_ready("ledger", *known))
    assert len(stage.jobs()) == 4
    assert known[-1] in stage.jobs()
