"""The operator with thousands of migrations on a real API server: start, idleness, latency, a burst.

etcd and the API server are real. The controllers are switched off: they are slower than what is measured, so this
program makes the Jobs' pods and ends them. The operator shares the processors with all of that; its CPU time stands
beside each wall time.

    python bench/scale.py [--migrations 5000] [--latency 100] [--burst 1000] [--idle 60]
"""

import argparse
import asyncio
import os
import re
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles

from apiserver import CRDS, ApiServer, Body, all_at_once, connected, following, has_ended, is_ready
from sizes import FULL, Load, Size
from tables import Floor, Results, Table, as_text, floors_table
from webhook import EMPTY, WEBHOOK, asked_in_turns, ninety_ninth

from revgate.contract import names
from support.cluster import Cluster
from support.operator import Operator

RESTARTS = 3
TICKS = os.sysconf("SC_CLK_TCK")
WRITES = re.compile(
    r'^revgate_api_calls_total\{code="2..",kind="(?!leases|events|pods)(\w+)",verb="(?!GET|LIST|WATCH)\w+"\} (\S+)'
)
SAMPLE = re.compile(r"^(revgate_queue_depth|revgate_reconcile_seconds_count|revgate_leader) (\S+)$", re.MULTILINE)


class Watched(Operator):
    """The operator's process, and what it has used and done so far."""

    @property
    def cpu(self) -> float:
        """Return seconds of processor time."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def mebibytes(self, what: str) -> float:
        """Return VmRSS or VmHWM."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.findall(rf"^{what}:\s+(\d+)", status, re.MULTILINE)[0]) / 1024

    def numbers(self, text: str) -> dict[str, float]:
        """Return the metrics that tell how far it is."""
        return {name: float(value) for name, value in SAMPLE.findall(text)}

    def writes(self, text: str) -> float:
        """Return the successful writes, but for Leases, Events and the gates of pods."""
        return sum(float(found[2]) for line in text.splitlines() if (found := WRITES.match(line)))


async def scrape(api: ApiServer, operator: Watched) -> str:
    """Return its metrics, or "" while it does not answer."""
    try:
        async with api.session.get(operator.address("/metrics"), ssl=False) as answer:
            return await answer.text()
    except OSError:
        return ""


async def until(look: Callable[[], Awaitable[bool]], within: float = 600) -> None:
    """Wait until something is so."""
    end = time.monotonic() + within
    while not await look():
        if time.monotonic() > end:
            raise SystemExit("The operator did not get there in time: look at its log")
        await asyncio.sleep(0.05)


async def until_idle(api: ApiServer, operator: Watched, passes: int) -> None:
    """Wait until so many passes are done and nothing waits."""

    async def look() -> bool:
        numbers = operator.numbers(await scrape(api, operator))
        return numbers.get("revgate_reconcile_seconds_count", 0) >= passes and not numbers["revgate_queue_depth"]

    await until(look)


async def bring_to_ready(api: ApiServer, some: list[str], at_once: Callable[[], None] = lambda: None) -> float:
    """Apply migrations, make their pods, end all of them; return the seconds from the first end to the last Ready."""
    jobs: dict[str, Body] = {}
    wanted, ready = set(some), set[str]()

    def see_job(job: Body) -> None:
        if job["metadata"]["labels"][names.RUN_OF] in wanted:
            jobs[job["metadata"]["name"]] = job

    def see(migration: Body) -> None:
        if is_ready(migration):
            ready.add(migration["metadata"]["name"])

    async def all_started() -> bool:
        return len(jobs) >= len(some)

    async def all_ready() -> bool:
        return ready >= wanted

    async with following(api, jobs=see_job, **{names.PLURAL: see}):
        await all_at_once(api.apply, some)
        await until(all_started)
        await all_at_once(api.make_pod, list(jobs.values()))
        at_once()
        began = time.perf_counter()
        await all_at_once(api.finish, list(jobs))
        await until(all_ready)
        return time.perf_counter() - began


class Moments:
    """When what was seen first, by watches, and the Jobs that were seen."""

    def __init__(self) -> None:
        self._first: dict[str, float] = {}
        self._arrived = asyncio.Event()
        self.jobs: dict[str, Body] = {}

    def see_job(self, job: Body) -> None:
        """Note a Job by its migration."""
        owner = job["metadata"]["labels"][names.RUN_OF]
        self.jobs[owner] = job
        self._note(f"job {owner}")

    def see_pod(self, pod: Body) -> None:
        """Note a runner's end, and an app's pod that is not held any more."""
        labels = pod["metadata"]["labels"]
        if has_ended(pod):
            self._note(f"ended {labels[names.RUN_OF]}")
        if names.MIGRATION in labels and not pod["spec"].get("schedulingGates"):
            self._note(f"free {labels[names.MIGRATION]}")

    def see(self, migration: Body) -> None:
        """Note a migration that is ready."""
        if is_ready(migration):
            self._note(f"ready {migration['metadata']['name']}")

    def _note(self, what: str) -> None:
        self._first.setdefault(what, time.perf_counter())
        self._arrived.set()

    async def of(self, what: str) -> float:
        """Wait for something; return when it was."""
        while what not in self._first:
            self._arrived.clear()
            await asyncio.wait_for(self._arrived.wait(), 60)
        return self._first[what]


async def latencies(api: ApiServer, count: int) -> tuple[list[float], list[float], list[float]]:
    """Return seconds from apply to Job, from the pod's end to Ready, and from Ready until a held pod goes; in turn."""
    seen = Moments()
    started, ended, freed = [], [], []
    async with following(api, jobs=seen.see_job, pods=seen.see_pod, **{names.PLURAL: seen.see}):
        for number in range(count):
            name = f"latency-{number}"
            await api.hold(name)
            applied = await api.apply(name)
            started.append(await seen.of(f"job {name}") - applied)
            await api.make_pod(seen.jobs[name])
            await asyncio.sleep(0.05)
            await api.finish(seen.jobs[name]["metadata"]["name"])
            ended.append(await seen.of(f"ready {name}") - await seen.of(f"ended {name}"))
            freed.append(await seen.of(f"free {name}") - await seen.of(f"ready {name}"))
    return started, ended, freed


@contextmanager
def control_plane() -> Iterator[Cluster]:
    """Return a control plane without controllers, with the CRDs."""
    cluster = Cluster.up(f"bench-{os.getpid()}", control_plane_only=True)
    try:
        cluster.define(CRDS)
        cluster.kubectl("create", "namespace", "bench")
        cluster.kubectl("create", "serviceaccount", "default", "-n", "bench", check=False)
        cluster.kill("controller-manager")
        yield cluster
    finally:
        cluster.down()


def measure(size: Size) -> Results:
    """Measure the operator under this load."""
    return asyncio.run(_measure_all(size.load))


async def _measure_all(load: Load) -> Results:
    """Run everything, in the order in which it builds up."""
    with control_plane() as cluster, tempfile.TemporaryDirectory() as folder:
        operator = Watched(cluster, Path(folder) / "log", "--lease", "bench/revgate", "--scheduling-gate")
        async with connected(cluster) as api:
            try:
                return await _measure(load, api, operator)
            finally:
                operator.kill()


async def _measure(load: Load, api: ApiServer, operator: Watched) -> Results:
    operator.start()
    rows = []
    await bring_to_ready(api, ["warm-up"])
    before = operator.writes(await scrape(api, operator))
    started, ended, freed = await latencies(api, load.latency)
    writes = (operator.writes(await scrape(api, operator)) - before) / load.latency
    print("latencies are there", flush=True)

    burst_cpu = 0.0

    def note_cpu() -> None:
        nonlocal burst_cpu
        burst_cpu = operator.cpu

    burst = await bring_to_ready(api, [f"burst-{number}" for number in range(load.burst)], note_cpu)
    burst_cpu = operator.cpu - burst_cpu
    print("burst is there", flush=True)
    here = 1 + load.latency + load.burst
    with asked_in_turns() as answers:
        for first in range(here, load.migrations, 500):
            await bring_to_ready(api, [f"more-{number}" for number in range(first, min(first + 500, load.migrations))])
            print(f"{min(first + 500, load.migrations)} migrations are ready", flush=True)
    slowest = {name: ninety_ninth(seconds) for name, seconds in answers.items()}
    total = max(here, load.migrations)
    operator.stop()

    restarts = []
    for number in range(RESTARTS):
        began = time.perf_counter()
        operator.start()
        await until_idle(api, operator, total)
        wall, cpu = time.perf_counter() - began, operator.cpu
        text = await scrape(api, operator)
        restarts.append((wall, cpu, operator.writes(text), operator.mebibytes("VmRSS"), operator.mebibytes("VmHWM")))
        rows.append((f"restart with {total} ready", *(f"{value:.2f}" for value in restarts[-1])))
        if number < RESTARTS - 1:
            operator.stop()
    calls = _calls(await scrape(api, operator))
    cpu, began = operator.cpu, time.perf_counter()
    await asyncio.sleep(load.idle)
    idle = (operator.cpu - cpu) / (time.perf_counter() - began) * 100
    new = {what: count - calls.get(what, 0) for what, count in _calls(await scrape(api, operator)).items()}
    scraping = operator.cpu
    await scrape(api, operator)
    scraping = operator.cpu - scraping

    floors = [
        Floor(f"restart with {total} until caught up", 8, median(one[0] for one in restarts),
              median(one[1] for one in restarts), " s"),
        Floor("writes at that", 0, max(one[2] for one in restarts), unit=""),
        Floor("memory", 250, max(one[4] for one in restarts), unit=" MiB"),
        Floor(f"idle with {total}", 0.5, idle, unit=" % of a core"),
        Floor("writes of a migration, apply to Ready", 4, writes, unit=""),
        Floor("apply to Job, p50", 0.05, median(started), unit=" s"),
        Floor("pod ended to Ready, p50", 0.05, median(ended), unit=" s"),
        Floor("pod ended to Ready, p99", 0.25, quantiles(ended, n=100)[98], unit=" s"),
        Floor("held pod goes after Ready, p50", 0.1, median(freed), unit=" s"),
        Floor(f"burst of {load.burst} ends to right statuses", 30, burst, burst_cpu, " s"),
        Floor("webhook's p99 while migrations start, to an empty handler's", 2, slowest[WEBHOOK] / slowest[EMPTY]),
    ]  # fmt: skip
    asked = ", ".join(f"{what} {count:g}" for what, count in new.items() if count)
    note = f"A scrape of the metrics took {scraping:.2f} s of CPU. Requests in {load.idle:g} idle seconds: {asked}"
    restarted = Table("Restarts", note, ("wall s", "CPU s", "writes", "MiB now", "MiB most"), rows)
    return Results(
        [restarted, _answers(answers)],
        floors,
        {"restarts": restarts, "started": started, "ended": ended, "freed": freed},
    )


def _answers(answers: dict[str, list[float]]) -> Table:
    rows = [
        (name, *(f"{1000 * each:.1f}" for each in (median(seconds), ninety_ninth(seconds))), f"{len(seconds)}")
        for name, seconds in answers.items()
    ]
    note = "Milliseconds while the operator starts migrations and the API server takes them; over TLS, in turns."
    return Table("The webhook's answers", note, ("p50", "p99", "answers"), rows)


def _calls(text: str) -> dict[str, float]:
    found = re.findall(r'^revgate_api_calls_total\{code="(\w+)",kind="(\w+)",verb="(\w+)"\} (\S+)', text, re.MULTILINE)
    return {f"{verb} {kind} {code}": float(count) for code, kind, verb, count in found}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in vars(FULL.load).items():
        parser.add_argument(f"--{name}", type=type(default), default=default, help=f"default: {default}")
    found = asyncio.run(_measure_all(Load(**vars(parser.parse_args()))))
    for table in (*found.tables, floors_table(found.floors)):
        print(as_text(table))


if __name__ == "__main__":
    main()
