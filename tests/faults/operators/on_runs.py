"""Faults of what runs: processes, pods, Jobs and plans."""

from collections.abc import Sequence
from random import Random
from signal import SIGTERM

from faults.operators.fault import Fault, Later, need
from faults.operators.node import Container, kill
from faults.operators.scene import Scene
from revgate.contract import names


def runner_killed(scene: Scene, chance: Random) -> Sequence[Later]:
    kill(_at_work(scene, chance))
    return ()


def runner_asked_to_end(scene: Scene, chance: Random) -> Sequence[Later]:
    _at_work(scene, chance).process.send_signal(SIGTERM)
    return ()


def pod_evicted(scene: Scene, chance: Random) -> Sequence[Later]:
    pod, place = _at_work(scene, chance).pod, scene.api.namespace
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": place}}
    scene.api.client.post(f"/api/v1/namespaces/{place}/pods/{pod}/eviction", json=body)
    return ()


def pod_deleted(scene: Scene, chance: Random) -> Sequence[Later]:
    scene.api.delete("pods", _at_work(scene, chance).pod)
    return ()


def pod_deleted_by_force(scene: Scene, chance: Random) -> Sequence[Later]:
    """The runner goes on for a moment, and nobody can see it."""
    scene.api.delete("pods", _at_work(scene, chance).pod, gracePeriodSeconds=0)
    return ()


def job_deleted(scene: Scene, chance: Random) -> Sequence[Later]:
    jobs = sorted(job["metadata"]["name"] for job in scene.api.find("jobs") if job.get("status", {}).get("active"))
    need(jobs)
    propagation = chance.choice(("Background", "Foreground", "Orphan"))
    scene.api.delete("jobs", chance.choice(jobs), propagationPolicy=propagation)
    return ()


def finished_jobs_deleted(scene: Scene, chance: Random) -> Sequence[Later]:
    jobs = [job["metadata"]["name"] for job in scene.api.find("jobs") if not job.get("status", {}).get("active")]
    need(jobs)
    for job in jobs:
        scene.api.delete("jobs", job)
    return ()


def plans_deleted(scene: Scene, chance: Random) -> Sequence[Later]:
    plans = [plan["metadata"]["name"] for plan in scene.api.find(names.PLANS)]
    need(plans)
    for plan in plans:
        scene.api.delete(names.PLANS, plan)
    return ()


ON_RUNS: tuple[Fault, ...] = (
    runner_killed,
    runner_killed,
    runner_asked_to_end,
    pod_evicted,
    pod_deleted,
    pod_deleted_by_force,
    job_deleted,
    finished_jobs_deleted,
    plans_deleted,
)


def _at_work(scene: Scene, chance: Random) -> Container:
    containers = scene.node.at_work()
    need(containers)
    return chance.choice(containers)
