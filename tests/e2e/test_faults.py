"""What goes wrong in a cluster while migrations run, and that no hand is needed afterwards."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from support.project import Project, Revision, slow, table
from support.waiting import eventually
from support.world import RUNNER, World, migration, secret

SLOW = Project(
    "app", (Revision("a1", table("one")), Revision("b2", slow("two", 12), "a1"), Revision("c3", table("three"), "b2"))
)
SOON = {"initialDelay": "1s", "maxDelay": "5s"}


def _start(world: World, namespace: str, project: Project = SLOW, **spec: Any) -> None:
    world.apply(namespace, project.config_map)
    world.migrate(namespace, image=RUNNER, retry=SOON, job={"template": project.template}, **spec)


def _is_complete(world: World, namespace: str) -> None:
    world.until(namespace, "Ready", "UpToDate", timeout=120)
    database = namespace.replace("-", "_")
    assert world.sql(database, "SELECT version_num FROM alembic_version") == "c3"
    assert world.tables(database) == ["alembic_version", "one", "three", "two"]
    assert world.ledger(database) == dict.fromkeys(("a1", "b2", "c3"), "applied")


def test_an_operator_killed_while_a_job_runs_starts_no_second_one(world: World, place: Callable[[str], str]) -> None:
    namespace = place("operator-killed")
    _start(world, namespace)
    world.until_sleeping("operator_killed")
    operator = world.objects("revgate-system", "pods")[0]
    world.kill(operator)
    _is_complete(world, namespace)
    assert len(world.jobs(namespace)) == 1
    eventually(
        "the operator runs again",
        lambda: world.objects("revgate-system", "pods")[0]["status"]["containerStatuses"][0]["restartCount"] >= 1,
    )


@pytest.mark.parametrize("how", ["killed", "deleted", "evicted", "blackout"])
def test_a_runner_lost_while_applying_is_replaced_and_the_schema_is_right(
    world: World, place: Callable[[str], str], how: str
) -> None:
    namespace = place(f"runner-{how}")
    _start(world, namespace)
    pod = world.running_pod(namespace)
    world.until_sleeping(f"runner_{how}")
    _LOSE[how](world, namespace, pod)
    _is_complete(world, namespace)
    assert len(world.jobs(namespace)) == 2


def _delete(world: World, namespace: str, pod: dict[str, Any]) -> None:
    world.kubectl("delete", "pod", "-n", namespace, pod["metadata"]["name"], "--wait=false")


def _evict(world: World, namespace: str, pod: dict[str, Any]) -> None:
    name = pod["metadata"]["name"]
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": namespace}}
    path = f"/api/v1/namespaces/{namespace}/pods/{name}/eviction"
    world.kubectl("create", "--raw", path, "-f", "-", stdin=json.dumps(body))


def _black_out(world: World, _: str, pod: dict[str, Any]) -> None:
    """The operators die with it, as on a node that loses its power."""
    operators = [each for each in world.objects("revgate-system", "pods") if each["status"]["phase"] == "Running"]
    for each in (pod, *operators):
        world.kill(each)


_LOSE: dict[str, Callable[[World, str, dict[str, Any]], None]] = {
    "killed": lambda world, _, pod: world.kill(pod),
    "deleted": _delete,
    "evicted": _evict,
    "blackout": _black_out,
}


def test_a_migration_deleted_while_it_applies_is_finished_by_its_job(world: World, place: Callable[[str], str]) -> None:
    namespace = place("deleted-midway")
    _start(world, namespace)
    world.until_sleeping("deleted_midway")
    world.kubectl("delete", "smig", "-n", namespace, "ledger")
    eventually(
        "the revisions are applied all the same",
        lambda: world.sql("deleted_midway", "SELECT version_num FROM alembic_version") == "c3",
    )
    eventually("the finished Job is cleared", lambda: not world.jobs(namespace), world=lambda: world.picture(namespace))


def test_a_migration_made_again_under_its_old_name_waits_for_the_old_run(
    world: World, place: Callable[[str], str]
) -> None:
    namespace = place("made-again")
    _start(world, namespace)
    world.until_sleeping("made_again")
    world.kubectl("delete", "smig", "-n", namespace, "ledger")
    _start(world, namespace)
    world.until(namespace, "Reconciling", "WaitingForPreviousRun")
    _is_complete(world, namespace)
    assert world.migration(namespace)["status"]["currentRevisions"] == ["c3"]


def test_a_spec_changed_there_and_back_runs_each_time(world: World, place: Callable[[str], str]) -> None:
    namespace = place("there-and-back")
    world.migrate(namespace, targetRevision="0003")
    world.until(namespace, "Ready", "UpToDate")
    world.migrate(namespace, targetRevision="0006")
    world.until(namespace, "Ready", "UpToDate")
    assert world.migration(namespace)["status"]["currentRevisions"] == ["0006"]
    world.migrate(namespace, targetRevision="0003")
    world.until(namespace, "Ready", "DatabaseAhead")
    assert world.migration(namespace)["status"]["currentRevisions"] == ["0006"]
    assert len(world.jobs(namespace)) == 3


def test_twenty_migrations_at_once_all_get_ready_with_one_job_each(world: World) -> None:
    world.namespace("twenty")
    names = [f"tenant-{number:02}" for number in range(20)]
    databases = world.databases([name.replace("-", "_") for name in names])
    secrets = [secret(each.url, name) for name, each in zip(names, databases, strict=True)]
    world.apply("twenty", *secrets)
    source = {name: {"urlFrom": {"secretKeyRef": {"name": name, "key": "url"}}} for name in names}
    world.apply("twenty", *(migration(name, database=source[name]) for name in names))
    for name in names:
        world.until("twenty", "Ready", "UpToDate", name, timeout=240)
    warnings = world.kubectl("get", "-n", "twenty", "events", "--field-selector", "type=Warning")
    assert len(world.objects("twenty", "jobs")) == 20, warnings
    versions = {world.sql(name.replace("-", "_"), "SELECT version_num FROM alembic_version") for name in names}
    assert versions == {"0008"}
