"""The example for Argo Rollouts asks the HTTP gate what it answers, and takes its yes for one."""

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from aiohttp import web

from revgate.control.gates.http import gate_routes
from revgate.control.observing.snapshot import Key
from revgate.control.watching.cache import Cache
from support.builders import ago, spec, time_of

PLACE = Path(__file__).parents[2] / "deploy/examples/argo-rollouts"
TEMPLATE = yaml.safe_load((PLACE / "schema.yaml").read_text())["spec"]
ROLLOUT = yaml.safe_load((PLACE / "rollout.yaml").read_text())["spec"]
WEB = TEMPLATE["metrics"][0]["provider"]["web"]


def cache_at(revision: str) -> Cache:
    """Return what the operator knows of a migration whose database is at a revision."""
    cache = Cache()
    times = {"creationTimestamp": time_of(ago(60)), "resourceVersion": "7"}
    true = {
        "type": "Ready",
        "status": "True",
        "reason": "UpToDate",
        "message": "",
        "lastTransitionTime": time_of(ago(9)),
    }
    status = {"observedGeneration": 1, "observedAt": time_of(ago(9)), "conditions": [true]}
    status |= {"currentRevisions": [revision], "servedRevisions": [revision, "0001"]}
    metadata = {"namespace": "shop", "name": "ledger", "uid": "u1", "generation": 1, **times}
    cache.migrations.put(Key("shop", "ledger"), {"metadata": metadata, "spec": spec().as_json(), "status": status})
    return cache


def measured(revision: str) -> tuple[int, Any]:
    """Return the code and the value of a measurement, as the web provider takes it."""

    async def measure() -> tuple[int, Any]:
        app = web.Application()
        app.add_routes(gate_routes(cache_at(revision), lambda: True))
        runner = web.AppRunner(app)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            gate = f"http://127.0.0.1:{runner.addresses[0][1]}"
            async with aiohttp.ClientSession() as client, client.get(url(gate)) as answer:
                return answer.status, (await answer.json())[WEB["jsonPath"].strip("{}$.")]
        finally:
            await runner.cleanup()

    return asyncio.run(measure())


def url(gate: str) -> str:
    text = WEB["url"]
    for name, value in (arguments() | {"namespace": "shop", "gate": gate}).items():
        text = text.replace(f"{{{{args.{name}}}}}", value)
    assert "{" not in text
    return text


def arguments() -> dict[str, str]:
    """Return what the Rollout gives the template."""
    given = ROLLOUT["strategy"]["canary"]["steps"][0]["analysis"]["args"]
    return {each["name"]: each.get("value", "") for each in given}


@pytest.mark.parametrize(("revision", "code", "state"), [("0008", 200, "Served"), ("0007", 409, "Behind")])
def test_a_measurement_has_the_gates_answer(revision: str, code: int, state: str):
    assert measured(revision) == (code, state)
    assert TEMPLATE["metrics"][0]["successCondition"] == 'result == "Served"'


def test_the_rollout_gives_every_argument_that_has_no_default():
    assert set(arguments()) == {each["name"] for each in TEMPLATE["args"] if "value" not in each}
