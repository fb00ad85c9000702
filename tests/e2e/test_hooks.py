"""Hooks on a real node: they run around the migration, see its database, and say what became of them."""

import json
from typing import Any

import pytest

from support.waiting import eventually
from support.world import World

IMAGE = "localhost/ledger:0008"
NOTE = """
import os, psycopg
with psycopg.connect(os.environ["DATABASE_URL"]) as database:
    database.execute("CREATE SCHEMA IF NOT EXISTS notes")
    database.execute("CREATE TABLE IF NOT EXISTS notes.note (number serial, word text, version text)")
    is_there = database.execute("SELECT to_regclass('alembic_version') IS NOT NULL").fetchone()[0]
    version = database.execute("SELECT version_num FROM alembic_version").fetchone()[0] if is_there else "none"
    database.execute("INSERT INTO notes.note (word, version) VALUES (%s, %s)", ({word!r}, version))
"""
SECRET = "what a hook writes is for who may read logs"
FAILS = f"import sys; print({SECRET!r}); sys.exit(3)"
HANGS_ONCE = """
import os, psycopg, time
with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as database:
    if not database.execute("SELECT to_regclass('hung') IS NOT NULL").fetchone()[0]:
        database.execute("CREATE TABLE hung ()")
        time.sleep(600)
"""
LATER, SOON = ({"initialDelay": delay, "maxDelay": delay} for delay in ("10m", "2s"))


def python(name: str, program: str) -> dict[str, Any]:
    return {"name": name, "command": ["python", "-c", program]}


def noting(name: str) -> dict[str, Any]:
    return python(name, NOTE.replace("{word!r}", repr(name)))


HOOKS: dict[str, dict[str, Any]] = {
    "hooks-around": {"before": [noting("pause")], "after": [noting("refresh"), noting("resume")]},
    "hooks-failing-before": {"before": [python("pause", FAILS)], "after": [noting("refresh")]},
    "hooks-failing-after": {"after": [python("refresh", FAILS), noting("resume")]},
    "hooks-evicted": {"after": [python("refresh", HANGS_ONCE)]},
}


@pytest.fixture(scope="module", autouse=True)
def begun(world: World) -> None:
    """All of them begin at once, in restricted namespaces."""
    for name, hooks in HOOKS.items():
        world.namespace(name)
        world.secret(name, world.database(name.replace("-", "_")).url)
        world.migrate(name, image=IMAGE, hooks=hooks, retry=SOON if name == "hooks-evicted" else LATER)


def test_hooks_run_in_their_order_around_the_migration(world: World) -> None:
    world.until("hooks-around", "Ready", "UpToDate")
    notes = world.sql("hooks_around", "SELECT word, version FROM notes.note ORDER BY number")
    assert notes.splitlines() == ["pause|none", "refresh|0008", "resume|0008"]
    assert len(world.jobs("hooks-around")) == 1


def test_a_hook_that_fails_before_the_migration_keeps_it_from_the_database(world: World) -> None:
    message = world.until("hooks-failing-before", "Reconciling", "HookFailed")
    assert "exited 3 before the migration, which did not run" in message
    assert world.tables("hooks_failing_before") == []
    assert SECRET not in json.dumps(world.migration("hooks-failing-before")["status"])
    command = message.partition("read its log: kubectl ")[2].partition(";")[0]
    assert SECRET in world.kubectl(*command.split(), "-n", "hooks-failing-before")


def test_a_hook_that_fails_after_the_migration_leaves_its_revisions_and_goes_on_when_it_is_mended(world: World) -> None:
    message = world.until("hooks-failing-after", "Reconciling", "HookFailed")
    assert "after the migration, whose revisions are applied" in message
    status = world.migration("hooks-failing-after")["status"]
    assert (status["currentRevisions"], status["pendingCount"]) == (["0008"], 0)
    assert status["servedRevisions"] == ["0008", "0007", "0006"]
    world.migrate("hooks-failing-after", image=IMAGE, hooks={"after": [noting("resume")]})
    world.until("hooks-failing-after", "Ready", "UpToDate")


def test_a_hook_that_is_evicted_is_run_again(world: World) -> None:
    namespace = "hooks-evicted"
    pod = world.running_pod(namespace)["metadata"]["name"]
    eventually("the hook hangs", lambda: "hung" in world.tables("hooks_evicted"))
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": namespace}}
    body = json.dumps(eviction | {"deleteOptions": {"gracePeriodSeconds": 1}})
    world.kubectl("create", "--raw", f"/api/v1/namespaces/{namespace}/pods/{pod}/eviction", "-f", "-", stdin=body)
    eventually("the migration says so", lambda: "Evicted" in _told(world, namespace))
    world.until(namespace, "Ready", "UpToDate")
    assert len(world.jobs(namespace)) == 2


def _told(world: World, namespace: str) -> list[str]:
    """Return the reasons that a migration has had: one may pass between two looks at its status."""
    events = world.objects(namespace, "events")
    return [each["reason"] for each in events if each["involvedObject"]["kind"] == "SchemaMigration"]
