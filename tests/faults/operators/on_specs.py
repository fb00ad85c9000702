"""What people do to a migration while it is under way: faults of timing, none of them wrong by itself."""

from collections.abc import Sequence
from random import Random

from faults.operators.fault import Fault, Later, need
from faults.operators.history import IDS
from faults.operators.scene import Scene, Tenant
from support.stage import MIGRATIONS


def release_rolled_out_in_the_middle(scene: Scene, chance: Random) -> Sequence[Later]:
    tenant = scene.tenant(chance)
    scene.release(tenant, tenant.release + 2)
    return ()


def release_rolled_back(scene: Scene, chance: Random) -> Sequence[Later]:
    """For good, or for a while: the database stays where it is."""
    tenant = _that_goes_back(scene, chance)
    newest = tenant.release
    scene.release(tenant, newest - 1)
    again = Later(chance.uniform(0.2, 3), lambda: scene.release(tenant, max(newest, tenant.release)))
    return [again] if chance.random() < 0.5 else ()


def target_set(scene: Scene, chance: Random) -> Sequence[Later]:
    tenant = _that_goes_back(scene, chance)
    (name,) = tenant.migrations
    scene.edit(name, targetRevision=chance.choice(IDS[: 2 * tenant.release]))
    return [Later(chance.uniform(0.2, 4), lambda: scene.edit(name, targetRevision="head"))]


def migration_suspended(scene: Scene, chance: Random) -> Sequence[Later]:
    _, name = scene.one(chance)
    scene.edit(name, suspend=True)
    return [Later(chance.uniform(0.2, 4), lambda: scene.edit(name, suspend=False))]


def retry_asked_for(scene: Scene, chance: Random) -> Sequence[Later]:
    _, name = scene.one(chance)
    scene.annotate(name, str(chance.random()))
    return ()


def approval_asked_for(scene: Scene, chance: Random) -> Sequence[Later]:
    """And no longer asked for after a while; or the other way round, where it is always asked for."""
    tenant, name = scene.one(chance)
    usual = tenant.extra.get("approval", "Never")
    scene.edit(name, approval="Never" if usual == "Always" else "Always")
    return [Later(chance.uniform(0.5, 4), lambda: scene.edit(name, approval=usual))]


def timeouts_edited(scene: Scene, chance: Random) -> Sequence[Later]:
    """The same work with other inputs: a run of its own, however little there is to do."""
    _, name = scene.one(chance)
    scene.edit(name, timeouts={"statement": f"{chance.randrange(20, 90)}s"})
    return ()


def migration_made_again(scene: Scene, chance: Random) -> Sequence[Later]:
    """Deleted, and created under its name after a while: at once, or when its runs are over."""
    tenant, name = scene.one(chance)
    need(scene.api.get(MIGRATIONS, name))
    scene.api.delete(MIGRATIONS, name)

    def create() -> None:
        if not scene.api.get(MIGRATIONS, name):
            scene.create(tenant, name)

    return [Later(chance.choice((0, chance.uniform(0.1, 3))), create)]


ON_SPECS: tuple[Fault, ...] = (
    release_rolled_out_in_the_middle,
    release_rolled_back,
    target_set,
    migration_suspended,
    retry_asked_for,
    approval_asked_for,
    timeouts_edited,
    migration_made_again,
)


def _that_goes_back(scene: Scene, chance: Random) -> Tenant:
    tenant = scene.tenant(chance)
    need(tenant.may_go_back and tenant.release > 1)
    return tenant
