"""The story of the mission: an app rolls out only onto a schema that it can run on, and a rollback works."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from support.waiting import eventually
from support.world import World

_ROOT = Path(__file__).parents[2]
_CHART = str(_ROOT / "deploy/examples/ledger/chart")
SHOP = "shop"


def _release(world: World, verb: str, schema: str, *words: str) -> None:
    chosen = ("--set", f"image=localhost/ledger:{schema}", "--set-string", f"schema={schema}")
    world.cluster.helm(verb, "ledger", _CHART, "-n", SHOP, *chosen, *words)


def _pods(world: World, release: str) -> list[dict[str, Any]]:
    return world.objects(SHOP, "pods", f"app.kubernetes.io/name=ledger,release={release}")


def _ready_pods(world: World, release: str) -> int:
    conditions = [pod["status"].get("conditions", []) for pod in _pods(world, release)]
    return sum(any(c["type"] == "Ready" and c["status"] == "True" for c in each) for each in conditions)


def _waiting_line(world: World, release: str) -> str:
    chosen = f"app.kubernetes.io/name=ledger,release={release}"
    return world.kubectl("logs", "-n", SHOP, "-l", chosen, "-c", "wait-for-schema", "--tail=1", check=False)


def _count(world: World) -> dict[str, Any]:
    lines = world.kubectl("logs", "-n", SHOP, "client", "--tail=5").splitlines()
    return json.loads(next(line for line in reversed(lines) if line.startswith("{")))


@pytest.fixture(scope="module")
def shop(world: World) -> World:
    """Release 0006 installed with --wait into an empty database, and a client that counts failed requests."""
    world.namespace(SHOP)
    world.secret(SHOP, world.database("shop").url, "ledger-db")
    _release(world, "install", "0006", "--wait", "--timeout", "5m")
    world.kubectl("apply", "-n", SHOP, "-f", str(_ROOT / "deploy/demo/client.yaml"))
    world.kubectl("wait", "-n", SHOP, "--for=condition=Ready", "pod/client", "--timeout=120s")
    return world


@pytest.fixture(scope="module")
def held(shop: World) -> dict[str, Any]:
    """The upgrade to release 0008 while a report reads the table that 0007 drops, and what was seen meanwhile."""
    report = threading.Thread(
        target=shop.sql, args=("shop", "BEGIN; SELECT count(*) FROM balances; SELECT pg_sleep(40); COMMIT")
    )
    report.start()
    shop.until_sleeping("shop")
    _release(shop, "upgrade", "0008")
    message = shop.until(SHOP, "Reconciling", "LockTimeout", timeout=60)
    pending = shop.migration(SHOP)["status"]
    eventually("a pod of 0008 waits", lambda: _waiting_line(shop, "0008"), world=lambda: shop.picture(SHOP))
    seen = {
        "status": pending,
        "message": message,
        "line": _waiting_line(shop, "0008"),
        "new": _ready_pods(shop, "0008"),
        "old": _ready_pods(shop, "0006"),
    }
    report.join()
    shop.until(SHOP, "Ready", "UpToDate", timeout=120)
    shop.kubectl("rollout", "status", "-n", SHOP, "deploy/ledger", "--timeout=180s")
    return seen


def test_a_first_release_is_ready_when_its_schema_is(shop: World) -> None:
    assert shop.migration(SHOP)["status"]["currentRevisions"] == ["0006"]
    assert _ready_pods(shop, "0006") == 2


def test_new_pods_are_held_and_old_ones_serve_until_the_schema_is_there(held: dict[str, Any]) -> None:
    assert (held["new"], held["old"]) == (0, 2)
    assert "0008 is required" in held["line"]


def test_what_is_pending_is_in_the_status_and_shrinks(shop: World, held: dict[str, Any]) -> None:
    assert held["status"]["pendingRevisions"] == ["0007", "0008"]
    after = shop.migration(SHOP)["status"]
    assert after["pendingCount"] == 0
    assert after["currentRevisions"] == ["0008"]
    assert after["floor"] == "0006"
    assert after["servedRevisions"] == ["0008", "0007", "0006"]


def test_who_stood_in_the_way_is_named(held: dict[str, Any]) -> None:
    assert "lock" in held["message"]
    assert "psql" in held["message"]


def test_no_request_failed_during_the_rollout(shop: World, held: dict[str, Any]) -> None:
    def saw_the_new_release() -> dict[str, Any]:
        count = _count(shop)
        return count if count["by release"].get("0008") else {}

    count = eventually("the client talks to the new release", saw_the_new_release)
    assert count["failed"] == 0
    assert count["by release"]["0006"] > 0


@pytest.fixture(scope="module")
def rolled_back(shop: World, held: dict[str, Any]) -> World:
    shop.cluster.helm("rollback", "ledger", "1", "-n", SHOP, "--wait", "--timeout", "3m")
    return shop


def test_a_rollback_is_ready_with_the_database_ahead_and_runs_the_old_release_on_it(rolled_back: World) -> None:
    assert rolled_back.reason(SHOP)[:2] == ("Ready", "DatabaseAhead")
    assert rolled_back.migration(SHOP)["status"]["currentRevisions"] == ["0008"]
    assert _ready_pods(rolled_back, "0006") == 2


def test_a_release_below_the_floor_is_held_with_the_reason(rolled_back: World) -> None:
    _release(rolled_back, "upgrade", "0005")
    line = eventually(
        "the pod of 0005 says why it waits",
        lambda: "0005 is too old" in (said := _waiting_line(rolled_back, "0005")) and said,
        timeout=90,
        world=lambda: rolled_back.picture(SHOP),
    )
    assert "0006 or later" in line
    assert _ready_pods(rolled_back, "0005") == 0
    assert _ready_pods(rolled_back, "0006") == 2
    rolled_back.cluster.helm("rollback", "ledger", "3", "-n", SHOP, "--wait", "--timeout", "3m")


def test_describe_alone_tells_what_happened(rolled_back: World) -> None:
    described = rolled_back.kubectl("describe", "smig", "-n", SHOP, "ledger")
    for words in ("DatabaseAhead", "LockTimeout", "History:", "localhost/ledger:0008", "0006"):
        assert words in described
