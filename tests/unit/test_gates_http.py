"""The gate over HTTP, asked by a real client: every answer is JSON with a code that a script can go by."""

import asyncio
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from revgate.control.gates.http import gate_routes
from revgate.control.observing.snapshot import Key
from revgate.control.resource.record import Condition, ConditionStatus, Status
from revgate.control.watching.cache import Cache
from support.builders import ago, spec, time_of

OBSERVED = ago(50)


def cache_of(status: Status | None = None) -> Cache:
    cache = Cache()
    metadata = {"namespace": "shop", "name": "ledger", "uid": "u1", "generation": 1, "resourceVersion": "7"}
    metadata["creationTimestamp"] = time_of(ago(60))
    body = {"metadata": metadata, "spec": spec().as_json(), "status": (status or Status()).as_json()}
    cache.migrations.put(Key("shop", "ledger"), body)
    return cache


def ready(*served: str) -> Status:
    true = Condition(
        type="Ready", status=ConditionStatus.TRUE, reason="UpToDate", message="", last_transition_time=OBSERVED
    )
    return Status(
        conditions=(true,), observed_generation=1, observed_at=OBSERVED, current_revisions=served[:1],
        served_revisions=served,
    )  # fmt: skip


def asked(path: str, cache: Cache, *, warm: bool = True) -> tuple[int, Any]:
    async def ask() -> tuple[int, Any]:
        app = web.Application()
        app.add_routes(gate_routes(cache, lambda: warm))
        runner = web.AppRunner(app)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            port = runner.addresses[0][1]
            async with aiohttp.ClientSession() as client, client.get(f"http://127.0.0.1:{port}{path}") as answer:
                assert answer.headers["Cache-Control"] == "no-store"
                return answer.status, await answer.json()
        finally:
            await runner.cleanup()

    return asyncio.run(ask())


def test_what_is_served_is_200_with_the_time_when_the_database_was_read():
    assert asked("/gate/shop/ledger?requires=0002", cache_of(ready("0003", "0002"))) == (
        200,
        {
            "state": "Served",
            "message": "Database is at 0003 and serves 0002",
            "observedAt": time_of(OBSERVED),
            "currentRevisions": ["0003"],
        },
    )


@pytest.mark.parametrize("query", ["requires=0003,0002", "requires=0003&requires=0002", "requires=%200003%20,"])
def test_several_revisions_may_be_asked_about(query: str):
    assert asked(f"/gate/shop/ledger?{query}", cache_of(ready("0003", "0002")))[0] == 200
    code, body = asked(f"/gate/shop/ledger?{query},9999", cache_of(ready("0003", "0002")))
    assert (code, body["state"]) == (409, "Behind")


def test_what_is_not_served_is_409_with_its_state():
    behind = ready("0003", "0002")
    floor = behind.model_copy(update={"floor": "0002"})
    no_map = ready("0003")
    states = [asked("/gate/shop/ledger?requires=0001", cache_of(each)) for each in (behind, floor, no_map, None)]
    assert [(code, body["state"]) for code, body in states] == [
        (409, "Behind"),
        (409, "PastFloor"),
        (409, "CannotTell"),
        (409, "CannotTell"),
    ]
    assert states[-1][1]["observedAt"] is None


@pytest.mark.parametrize("query", ["", "?requires=", "?requires=%20,,", "?require=0002", "?requires=1&timeout=3"])
def test_a_question_without_revisions_or_with_words_that_mean_nothing_is_400(query: str):
    code, body = asked(f"/gate/shop/ledger{query}", cache_of(ready("0002")))
    assert (code, body["state"]) == (400, "BadRequest")
    assert "requires=0008" in body["message"]


def test_too_many_revisions_are_400():
    many = ",".join(str(number) for number in range(51))
    assert asked(f"/gate/shop/ledger?requires={many}", cache_of(ready("0002")))[0] == 400


@pytest.mark.parametrize("path", ["/gate/shop/other", "/gate/elsewhere/ledger", "/gate/sh%2Fop/ledger"])
def test_an_unknown_migration_is_404(path: str):
    code, body = asked(f"{path}?requires=0002", cache_of(ready("0002")))
    assert (code, body["state"]) == (404, "NotFound")


def test_an_operator_that_has_not_seen_everything_knows_of_no_migration_that_it_is_missing():
    code, body = asked("/gate/shop/ledger?requires=0002", Cache(), warm=False)
    assert (code, body["state"]) == (503, "Starting")
