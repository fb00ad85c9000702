"""Faults of the operators themselves, and of the control plane that they work on."""

from collections.abc import Sequence
from random import Random

from faults.operators.fault import Fault, Later, need
from faults.operators.replicas import LEASE, Replica
from faults.operators.scene import Scene

_AWAKE = 6.0  # seconds that a replica is frozen, when its Lease shall not be lost


def leader_killed(scene: Scene, chance: Random) -> Sequence[Later]:
    leader = _leader(scene)
    leader.kill()
    return [Later(chance.uniform(0, 3), leader.start)]


def standby_killed(scene: Scene, chance: Random) -> Sequence[Later]:
    standby = _other(scene, _leader(scene))
    standby.kill()
    return [Later(chance.uniform(0, 3), standby.start)]


def both_operators_killed(scene: Scene, chance: Random) -> Sequence[Later]:
    need(all(replica.runs for replica in scene.replicas))
    for replica in scene.replicas:
        replica.kill()
    return [Later(chance.uniform(0, 3), replica.start) for replica in scene.replicas]


def leader_asked_to_end(scene: Scene, chance: Random) -> Sequence[Later]:
    leader = _leader(scene)
    leader.stop()
    return [Later(chance.uniform(0, 3), leader.start)]


def leader_frozen(scene: Scene, chance: Random) -> Sequence[Later]:
    leader = _leader(scene)
    leader.freeze()
    return [Later(chance.uniform(0.5, _AWAKE), leader.thaw)]


def leader_frozen_until_another_leads(scene: Scene, chance: Random) -> Sequence[Later]:
    leader = _leader(scene)
    need(_other(scene, leader))
    leader.freeze()
    return [Later(chance.uniform(16, 20), leader.thaw)]


def lease_deleted(scene: Scene, chance: Random) -> Sequence[Later]:
    need(scene.home.get("leases", LEASE))
    scene.home.delete("leases", LEASE)
    return ()


def lease_stolen(scene: Scene, chance: Random) -> Sequence[Later]:
    need(scene.home.get("leases", LEASE))
    scene.home.patch("leases", LEASE, {"spec": {"holderIdentity": "somebody", "leaseDurationSeconds": 2}})
    return ()


def operators_replaced_by_the_release_before(scene: Scene, chance: Random) -> Sequence[Later]:
    """Both, one after the other, and back after a while."""
    need(all(replica.runs and not replica.is_frozen and replica.release == "this" for replica in scene.replicas))
    need("before" not in scene.away)
    scene.away.add("before")
    first, second = scene.replicas

    def back() -> None:
        scene.away.discard("before")

    gap = chance.uniform(0.5, 3)
    times = (gap, 4 + gap, 4 + 2 * gap)
    _replace(first, "before")
    return [
        Later(times[0], lambda: _replace(second, "before")),
        Later(times[1], lambda: _replace(first, "this")),
        Later(times[2], lambda: _replace(second, "this")),
        Later(times[2], back),
    ]


def api_server_killed(scene: Scene, chance: Random) -> Sequence[Later]:
    return _killed(scene, "apiserver", chance.uniform(0, 3))


def etcd_killed(scene: Scene, chance: Random) -> Sequence[Later]:
    return _killed(scene, "etcd", chance.uniform(0, 3))


def controllers_killed(scene: Scene, chance: Random) -> Sequence[Later]:
    return _killed(scene, "controller-manager", chance.uniform(0, 3))


ON_CONTROL: tuple[Fault, ...] = (
    leader_killed,
    leader_killed,
    standby_killed,
    both_operators_killed,
    leader_asked_to_end,
    leader_frozen,
    leader_frozen_until_another_leads,
    lease_deleted,
    lease_stolen,
    operators_replaced_by_the_release_before,
    api_server_killed,
    etcd_killed,
    controllers_killed,
)


def _leader(scene: Scene) -> Replica:
    leaders = [replica for replica in scene.replicas if replica.leads() and not replica.is_frozen]
    need(leaders and "before" not in scene.away)
    return leaders[0]


def _other(scene: Scene, replica: Replica) -> Replica:
    others = [each for each in scene.replicas if each is not replica and each.runs and not each.is_frozen]
    need(others)
    return others[0]


def _replace(replica: Replica, release: str) -> None:
    if replica.runs:
        replica.thaw()
        replica.stop()
    replica.start(release)


def _killed(scene: Scene, part: str, seconds: float) -> Sequence[Later]:
    need(not scene.away & {"apiserver", "etcd", "controller-manager"})
    scene.away.add(part)
    scene.cluster.kill(part)

    def start() -> None:
        scene.cluster.start(part)
        scene.away.discard(part)

    return [Later(seconds, start)]
