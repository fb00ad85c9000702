"""From apply to done on a real node: a Job as people write it, and a SchemaMigration, in turns on empty databases.

The example app's image with its eight revisions, PostgreSQL in a pod of the same node, every image already there.

    python bench/node.py [--quick]
"""

import asyncio
import time
from statistics import median
from typing import Any

from alone import run_alone
from apiserver import ApiServer, Body, connected, following, is_ready
from sizes import Size
from tables import Results, Table

from revgate.contract import names
from support.furnished import furnished
from support.world import World, migration, secret

IMAGE = "localhost/ledger:0008"
NAMESPACE = "bench"
WITHIN = 120.0
BARE, OWN, OURS = "Job, alembic upgrade head", "Job, revgate job", "SchemaMigration"


def measure(size: Size) -> Results:
    """Measure on a node of its own."""
    with furnished("bench-node") as world:
        world.namespace(NAMESPACE)
        found = asyncio.run(_measure(world, size.node_rounds))
    rows = [(name, f"{median(each):.2f}", f"{min(each):.2f}", f"{max(each):.2f}") for name, each in found.items()]
    note = (
        "Seconds from the answer of the API server until a watch shows condition Complete of the Job, or Ready of the "
        f"migration: eight revisions on an empty database, {size.node_rounds} rounds, images already on the node."
    )
    return Results([Table("From apply to done", note, ("median", "least", "most"), rows)], kept=found)


async def _measure(world: World, rounds: int) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    async with connected(world.cluster) as api:
        for number in range(rounds + 1):
            for name, body in contenders().items():
                database = f"{body['kind'].lower()}-{number}-{len(name)}"
                world.apply(NAMESPACE, secret(world.database(database).url))
                try:
                    seconds = await until_done(api, body, f"round-{number}-{len(name)}")
                except TimeoutError:
                    raise SystemExit(f"{name} was not done within {WITHIN:g} s:\n{world.picture(NAMESPACE)}") from None
                if number:  # the first one warms the node
                    found.setdefault(name, []).append(seconds)
    return found


def contenders() -> dict[str, Body]:
    """Return what is applied, by what it is called."""
    return {
        BARE: job("python", "-m", "alembic", "upgrade", "head"),
        OWN: job("python", "-m", "revgate", "job"),
        OURS: migration(image=IMAGE),
    }


def job(*command: str) -> Body:
    """Return a Job as people write it."""
    source = {"valueFrom": {"secretKeyRef": {"name": "db", "key": "url"}}}
    urls = [{"name": name, **source} for name in ("DATABASE_URL", names.DATABASE_URL)]
    container = {"name": "migrate", "image": IMAGE, "command": command, "env": urls} | {
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    }
    pod = {"restartPolicy": "Never", "containers": [container], "automountServiceAccountToken": False} | {
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    }
    return {"apiVersion": "batch/v1", "kind": "Job", "spec": {"backoffLimit": 0, "template": {"spec": pod}}}


async def until_done(api: ApiServer, body: Body, name: str) -> float:
    """Apply it under this name and return the seconds until it is done."""
    kind = names.PLURAL if body["kind"] == names.KIND else "jobs"
    is_done = is_ready if kind == names.PLURAL else is_complete
    done = asyncio.Event()

    def see(seen: Body) -> None:
        if seen["metadata"]["name"] == name and is_done(seen):
            done.set()

    async with following(api, **{kind: see}):
        await api.send("POST", api.path(kind), {**body, "metadata": {"name": name}})
        began = time.perf_counter()
        await asyncio.wait_for(done.wait(), WITHIN)
        return time.perf_counter() - began


def is_complete(seen: dict[str, Any]) -> bool:
    """Whether a Job has succeeded."""
    conditions = seen.get("status", {}).get("conditions", ())
    return any(each["type"] == "Complete" and each["status"] == "True" for each in conditions)


if __name__ == "__main__":
    run_alone(measure, __doc__)
