"""Faults of what a run needs: the server, the network to it, the Secret with its password, and room for a pod."""

from collections.abc import Sequence
from random import Random

from faults.operators.fault import Fault, Later, need
from faults.operators.scene import Scene

_QUOTA = "full"


def server_crashed(scene: Scene, chance: Random) -> Sequence[Later]:
    need("server" not in scene.away)
    scene.away.add("server")
    scene.server.stop()

    def start() -> None:
        scene.server.start()
        scene.away.discard("server")

    return [Later(chance.uniform(0, 2), start)]


def sessions_ended(scene: Scene, chance: Random) -> Sequence[Later]:
    """All of a database, as an administrator does, or a failover."""
    need("server" not in scene.away)
    tenant = scene.tenant(chance)
    ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
    scene.server.query(ended, tenant.database.name)
    return ()


def network_refused(scene: Scene, chance: Random) -> Sequence[Later]:
    need("link" not in scene.away)
    scene.link.refuse()
    return _mended(scene, chance.uniform(0.2, 4))


def network_swallowed(scene: Scene, chance: Random) -> Sequence[Later]:
    need("link" not in scene.away)
    scene.link.swallow()
    return _mended(scene, chance.uniform(0.2, 5))


def network_reset(scene: Scene, chance: Random) -> Sequence[Later]:
    scene.link.reset()
    return ()


def password_changed_before_the_secret(scene: Scene, chance: Random) -> Sequence[Later]:
    need("server" not in scene.away)
    tenant = scene.tenant(chance)
    password = f"%{chance.randrange(10**9)}"
    scene.change_password(tenant, password)
    tenant.password = password
    return [Later(chance.uniform(0.2, 4), lambda: scene.write_secret(tenant))]


def password_changed_after_the_secret(scene: Scene, chance: Random) -> Sequence[Later]:
    tenant = scene.tenant(chance)
    before, password = tenant.password, f"%{chance.randrange(10**9)}"
    tenant.password = password
    try:
        scene.write_secret(tenant)
    except BaseException:
        tenant.password = before
        raise
    return [Later(chance.uniform(0.2, 4), lambda: scene.change_password(tenant, tenant.password))]


def secret_deleted(scene: Scene, chance: Random) -> Sequence[Later]:
    tenant = scene.tenant(chance)
    need(scene.api.get("secrets", tenant.secret))
    scene.api.delete("secrets", tenant.secret)
    return [Later(chance.uniform(0.2, 4), lambda: scene.write_secret(tenant))]


def quota_of_pods_full(scene: Scene, chance: Random) -> Sequence[Later]:
    return _quota(scene, chance.uniform(0.5, 5), {"pods": "0"})


def quota_of_jobs_full(scene: Scene, chance: Random) -> Sequence[Later]:
    return _quota(scene, chance.uniform(0.5, 5), {"count/jobs.batch": "0"})


ON_DATABASES: tuple[Fault, ...] = (
    server_crashed,
    sessions_ended,
    network_refused,
    network_swallowed,
    network_reset,
    password_changed_before_the_secret,
    password_changed_after_the_secret,
    secret_deleted,
    quota_of_pods_full,
    quota_of_jobs_full,
)


def _mended(scene: Scene, seconds: float) -> Sequence[Later]:
    scene.away.add("link")

    def mend() -> None:
        scene.link.mend()
        scene.away.discard("link")

    return [Later(seconds, mend)]


def _quota(scene: Scene, seconds: float, hard: dict[str, str]) -> Sequence[Later]:
    need("quota" not in scene.away)
    scene.api.create("resourcequotas", {"metadata": {"name": _QUOTA}, "spec": {"hard": hard}})
    scene.away.add("quota")

    def remove() -> None:
        if scene.api.get("resourcequotas", _QUOTA):
            scene.api.delete("resourcequotas", _QUOTA)
        scene.away.discard("quota")

    return [Later(seconds, remove)]
