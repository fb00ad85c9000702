"""A second PostgreSQL that is taken away at the start of the tests, so that waiting for it costs no time."""

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from support.world import World

SERVER = "postgres-away"
NAMESPACE = "outage"
_POSTGRES = 999  # the server's uid in its image


@dataclass(frozen=True)
class Outage:
    """A server that is away since a moment of this machine's monotonic clock, and a migration that needs it."""

    world: World
    since: float
    server: str = SERVER
    namespace: str = NAMESPACE
    database: str = "outage"

    def end(self) -> None:
        """Bring the server back, with its data."""
        _scale(self.world, 1)


def begin(world: World, manifest: Path, volume: Path) -> Outage:
    """Make the server, a database and a migration, with the server gone before the migration is applied."""
    volume.mkdir(parents=True)
    os.chown(volume, _POSTGRES, _POSTGRES)
    objects = [_away(body, volume) for body in yaml.safe_load_all(manifest.read_text()) if body["kind"] != "Secret"]
    world.kubectl("apply", "-n", "databases", "-f", "-", stdin="\n---\n".join(map(json.dumps, objects)))
    world.kubectl("rollout", "status", "-n", "databases", f"deploy/{SERVER}", "--timeout=120s")
    world.namespace(NAMESPACE)
    world.secret(NAMESPACE, world.database("outage", SERVER).url)
    _scale(world, 0)
    world.kubectl("wait", "-n", "databases", "--for=delete", "pod", "-l", f"app={SERVER}", "--timeout=60s")
    world.migrate(NAMESPACE, retry={"initialDelay": "2s", "maxDelay": "30s"})
    return Outage(world, time.monotonic())


def _scale(world: World, replicas: int) -> None:
    world.kubectl("scale", "-n", "databases", f"deploy/{SERVER}", f"--replicas={replicas}")


def _away(body: dict[str, Any], volume: Path) -> dict[str, Any]:
    """The same server under another name, on a folder of the node that survives the pod."""
    body["metadata"]["name"] = SERVER
    spec = body["spec"]
    if body["kind"] == "Service":
        spec["selector"] = {"app": SERVER}
        return body
    spec["selector"]["matchLabels"] = spec["template"]["metadata"]["labels"] = {"app": SERVER}
    pod = spec["template"]["spec"]
    pod["volumes"] = [{"name": "data", "hostPath": {"path": str(volume)}}, {"name": "tmp", "emptyDir": {}}]
    return body
