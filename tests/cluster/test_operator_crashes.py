"""The operator and the API server go away in the middle of things: no second run, and no work for nothing."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from revgate.contract.exits import Exit
from support.cluster import Cluster
from support.stage import MIGRATIONS, Stage, done, report

pytest_plugins = ["support.operator_fixtures"]

MANY = 50


def bring_back(stage: Stage) -> None:
    stage.operator.kill()
    stage.operator.start()


def kill_at_the_first_sign_of_the_job(stage: Stage) -> None:
    """Most often before the status was written."""
    with stage.api.events("jobs") as events:
        stage.apply()
        next(events)
        stage.operator.kill()


def before_anything(stage: Stage) -> None:
    stage.operator.kill()
    stage.apply()


def while_it_waits_for_the_container(stage: Stage) -> None:
    stage.apply()
    stage.next_job()
    stage.operator.kill()


def before_it_sees_the_container_start(stage: Stage) -> None:
    stage.apply()
    job = stage.next_job()
    stage.operator.kill()
    stage.kubelet.start(job)


def while_the_runner_is_at_work(stage: Stage) -> None:
    stage.apply()
    stage.kubelet.start(stage.next_job())
    stage.until_true("Reconciling", "Running")
    stage.operator.kill()


def before_it_sees_the_end(stage: Stage) -> None:
    while_the_runner_is_at_work(stage)
    (job,) = stage.jobs()
    stage.kubelet.finish(job, done())


def after_everything(stage: Stage) -> None:
    stage.apply()
    stage.bring_to_ready()
    stage.operator.kill()


MOMENTS: list[Callable[[Stage], None]] = [
    before_anything,
    kill_at_the_first_sign_of_the_job,
    while_it_waits_for_the_container,
    before_it_sees_the_container_start,
    while_the_runner_is_at_work,
    before_it_sees_the_end,
    after_everything,
]


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment.__name__)
def test_an_operator_that_is_killed_and_comes_back_makes_no_second_job(stage: Stage, moment):
    moment(stage)
    stage.operator.start()
    job = stage.next_job()
    if not (stage.status()["run"]["state"] == "Finished" or moment is before_it_sees_the_end):
        stage.kubelet.finish(job, done())
    stage.until_true("Ready", "UpToDate")
    stage.settle()
    bring_back(stage)
    stage.apply("other")
    stage.bring_to_ready("other")
    assert stage.jobs() == [job]
    assert stage.status()["currentRevisions"] == ["0002"]


def test_an_operator_that_comes_back_to_a_running_job_writes_nothing(stage: Stage):
    while_the_runner_is_at_work(stage)
    version = stage.migration()["metadata"]["resourceVersion"]
    stage.operator.start()
    stage.apply("other")
    stage.bring_to_ready("other")
    assert stage.api.history(MIGRATIONS, "ledger", version) == []


def test_an_operator_that_comes_back_keeps_to_the_time_of_the_next_try(stage: Stage):
    stage.apply(retry={"initialDelay": "1h", "maxDelay": "1h"})
    job = stage.next_job()
    stage.kubelet.finish(job, report(Exit.UNREACHABLE))
    stage.until_true("Reconciling", "DatabaseUnreachable")
    version = stage.settle()
    bring_back(stage)
    stage.apply("other")
    stage.bring_to_ready("other")
    assert stage.api.history(MIGRATIONS, "ledger", version) == []
    assert stage.jobs() == [job]


def test_an_operator_that_comes_back_to_many_ready_migrations_writes_nothing(stage: Stage):
    for number in range(MANY):
        stage.apply(f"m{number}")
    with ThreadPoolExecutor(4) as pool:
        jobs = list(pool.map(lambda number: stage.next_job(name=f"m{number}"), range(MANY)))
        list(pool.map(lambda job: stage.kubelet.finish(job, done()), jobs))
    for number in range(MANY):
        stage.until_true("Ready", "UpToDate", f"m{number}")
        stage.settle(f"m{number}")
    before = versions(stage)
    bring_back(stage)
    stage.apply("new")  # the last in the line: when it is ready, all the others were looked at
    stage.bring_to_ready("new")
    after = versions(stage)
    assert {name: after[name] for name in before} == before
    assert len(stage.api.find("jobs")) == MANY + 1


def versions(stage: Stage) -> dict[str, str]:
    return {each["metadata"]["name"]: each["metadata"]["resourceVersion"] for each in stage.api.find(MIGRATIONS)}


def test_an_operator_ends_orderly_when_it_is_asked_to(stage: Stage):
    position = stage.operator.position()
    assert stage.operator.stop() == 0
    said = stage.operator.said(position)
    assert "operator stopped" in said
    assert "Traceback" not in said


def test_an_operator_with_another_bundled_runner_runs_again_what_uses_it(stage: Stage):
    stage.apply(image="")
    first = stage.bring_to_ready()
    stage.apply("own")
    own = stage.bring_to_ready("own")
    stage.operator.stop()
    stage.operator.start("registry.example/revgate-runner:2")
    try:
        second = stage.bring_to_ready("ledger", first)
        assert image_of(stage, second) == "registry.example/revgate-runner:2"
        assert stage.jobs("own") == [own]
        stage.delete()  # or it would run a third time when the usual operator is back
        stage.until("Its Jobs are removed", lambda: not stage.jobs())
    finally:
        stage.operator.stop()


def image_of(stage: Stage, job: str) -> str:
    return stage.api.get("jobs", job)["spec"]["template"]["spec"]["containers"][0]["image"]


def test_the_operator_carries_on_when_the_api_server_was_away(stage: Stage, crd: Cluster):
    stage.operator.may_fail = True
    stage.apply()
    job = stage.next_job()
    stage.kubelet.start(job)
    stage.until_true("Reconciling", "Running")
    position = stage.operator.position()
    crd.kill("apiserver")
    crd.start("apiserver")
    stage.kubelet.finish(job, done())
    stage.until_true("Ready", "UpToDate")
    stage.apply("other")
    stage.bring_to_ready("other")
    assert stage.jobs() == [job]
    assert "operator stopped" not in stage.operator.said(position)


def test_the_api_server_keeps_a_stale_status_away_from_a_migration_that_was_created_again(stage: Stage):
    """What Cluster.patch_status relies on: the version is checked, where the uid is not."""
    stage.operator.stop()
    old = stage.apply()["metadata"]
    stage.delete()
    stage.apply()
    stale = {"metadata": {"resourceVersion": old["resourceVersion"]}, "status": {"floor": "0001"}}
    with pytest.raises(AssertionError, match="409"):
        stage.api.patch(MIGRATIONS, "ledger", stale, "status")
    assert "floor" not in stage.status()
