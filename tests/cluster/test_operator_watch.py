"""What lists and watches bring: everything once, however long it is, and what is gone as well."""

import asyncio
import os
from collections import Counter
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from revgate.control.cluster import Cluster as Connection
from revgate.control.observing.snapshot import Key
from revgate.control.watching.cache import Cache
from revgate.control.watching.freshness import Freshness
from revgate.control.watching.refresh import Lists
from revgate.control.watching.watch import watch
from support.api import Api
from support.cluster import LOCAL, Cluster
from support.operator import Operator
from support.stage import MIGRATIONS, Stage, manifest
from support.waiting import eventually

pytest_plugins = ["support.operator_fixtures"]


def test_an_object_that_is_longer_than_a_piece_of_the_stream_is_seen(stage: Stage):
    """Lines of a watch are as long as their objects: 300 KiB of annotations in two objects that come together."""
    stage.apply()
    job = stage.next_job()
    stage.api.patch("jobs", job, {"metadata": {"annotations": {"example.com/much": "x" * 200_000}}})
    stage.kubelet.start(job)
    stage.until_true("Reconciling", "Running")
    stage.api.patch(MIGRATIONS, "ledger", {"metadata": {"annotations": {"example.com/much": "y" * 200_000}}})
    stage.apply("other")
    stage.bring_to_ready("other")


def test_a_run_that_vanished_while_nobody_watched_is_missed(stage: Stage, crd: Cluster):
    """An API server that comes back does not tell what was deleted before: the watch begins anew, from a list."""
    stage.apply(retry={"initialDelay": "1s"})
    job = stage.next_job()
    stage.kubelet.start(job)
    stage.until_true("Reconciling", "Running")
    stage.operator.freeze()
    stage.api.delete("jobs", job)
    eventually("Job and pod are gone", lambda: not stage.jobs() and not stage.api.find("pods"), world=stage.picture)
    crd.kill("apiserver")
    crd.start("apiserver")
    stage.operator.thaw()
    stage.operator.may_fail = True
    assert stage.next_job(job, timeout=60) != job


def test_what_is_there_at_the_start_is_told_once_by_our_list_and_not_by_kopf_too(
    api: Api, crd: Cluster, operator_process: Operator, monkeypatch: pytest.MonkeyPatch
):
    """Kopf would make a task, a queue and a record of each object that it lists."""
    operator_process.stop()  # what it writes is told of as well
    monkeypatch.setenv("KUBECONFIG", str(crd.kubeconfig))  # read by Kopf now; by the client, when it was imported
    monkeypatch.setattr("kubernetes.aio.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(crd.kubeconfig))
    api.create(MIGRATIONS, manifest("before", suspend=True))
    told = asyncio.run(wakes_until(api, "after"))
    assert told == {"before": 1, "after": 1}


async def wakes_until(api: Api, name: str) -> Counter[str]:
    """Watch from the start until a migration that is made later was told of; return how often each was."""
    told: Counter[str] = Counter()
    stop = asyncio.Event()

    def wake(key: Key) -> None:
        if key.namespace == api.namespace:
            told[key.name] += 1
            if key.name == name:
                stop.set()

    cache, freshness = Cache(), Freshness()
    async with await Connection.connect() as connection:
        lists = Lists(connection, cache, wake, freshness)
        watching = asyncio.create_task(watch(cache, lists, wake, freshness, stop))
        await asyncio.wait_for(lists.all_filled.wait(), 30)
        api.create(MIGRATIONS, manifest(name, suspend=True))
        await asyncio.wait_for(watching, 30)
    return told


def test_an_operator_that_was_there_before_the_crds_begins_when_they_come(tmp_path: Path):
    """GitOps may apply a Deployment first; Kopf looks once which kinds there are."""
    cluster = Cluster.up(f"late-{os.getpid()}", control_plane_only=True)
    operator = Operator(cluster, tmp_path / "log")
    try:
        operator.launch()
        eventually("The operator has noticed", lambda: "kind is not served yet" in operator.said())
        cluster.define(LOCAL.parent / "crds")
        eventually("The operator is ready", lambda: is_ready(operator), world=operator.said)
    finally:
        operator.kill()
        cluster.down()


def is_ready(operator: Operator) -> bool:
    with suppress(httpx.HTTPError):
        return httpx.get(operator.address("/readyz"), trust_env=False).is_success
    return False
