"""Two operators with one Lease, each of which may be killed, frozen, and replaced by the release before and back."""

import json
import os
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx

from support.api import Api
from support.cluster import Cluster
from support.operator import Operator

LEASE = "revgate"
_WHEEL = Path(__file__).parents[2] / "releases/0.1.0/revgate-0.1.0-py3-none-any.whl"
_WORDS = ("lease taken", "lease lost", "lease released")
_CALLS = re.compile(r'revgate_api_calls_total\{code="(\d+)",kind="(\w+)",verb="(\w+)"\} ([\d.e+]+)')
_REASON = re.compile(r'"reason": "(\w+)"')
_USUAL = (
    "API server did not answer",
    "leads no longer",
    *(f"ApiFailure: {code}" for code in (0, 429, 500, 502, 503, 504)),
    "ApiFailure: 409: Operation cannot be fulfilled on resourcequotas",
)


@dataclass
class Replica:
    """One of the two, of this release or of the one before."""

    releases: Mapping[str, Operator]
    release: str = "this"
    is_frozen: bool = False
    starts: int = 0
    calls: Counter[tuple[str, str]] = field(default_factory=Counter)  # of processes that have ended
    _since: int = 0
    _is_wanted: bool = False

    @property
    def operator(self) -> Operator:
        return self.releases[self.release]

    @property
    def runs(self) -> bool:
        return self._is_wanted

    def start(self, release: str = "") -> None:
        if self._is_wanted:
            return
        self.release = release or self.release
        self._since = self.operator.position()
        self.operator.launch()
        self._is_wanted, self.is_frozen = True, False
        self.starts += 1

    def kill(self) -> None:
        self._end(self.operator.kill)

    def stop(self) -> None:
        self._end(self.operator.stop)

    def freeze(self) -> None:
        self.operator.freeze()
        self.is_frozen = True

    def thaw(self) -> None:
        """Let it go on, if it was not killed meanwhile."""
        if self._is_wanted and self.is_frozen:
            self.operator.thaw()
            self.is_frozen = False

    def leads(self) -> bool:
        said = self.operator.said(self._since) if self._is_wanted else ""
        return "lease taken" in said and max(_WORDS, key=said.rfind) == "lease taken"

    def has_ended_by_itself(self) -> bool:
        return self._is_wanted and not self.operator.runs

    def calls_so_far(self) -> Counter[tuple[str, str]]:
        """Return how many requests that write it made, by verb and kind."""
        return self.calls + self._asked()

    def _end(self, how: Callable[[], object]) -> None:
        if not self.is_frozen:
            self.calls += self._asked()
        self._is_wanted = False
        how()

    def _asked(self) -> Counter[tuple[str, str]]:
        found: Counter[tuple[str, str]] = Counter()
        with suppress(httpx.HTTPError):
            text = httpx.get(self.operator.address("/metrics"), timeout=5, trust_env=False).text if self.runs else ""
            for _, kind, verb, count in _CALLS.findall(text):
                if verb in {"POST", "PUT", "PATCH", "DELETE"} and kind != "leases":
                    found[verb, kind] += int(float(count))
        return found


def make_replicas(cluster: Cluster, api: Api, folder: Path) -> tuple[Replica, Replica]:
    """Return two operators that share a Lease in a namespace; they are not started."""
    with zipfile.ZipFile(_WHEEL) as wheel:
        wheel.extractall(folder / "before")
    path = os.pathsep.join(filter(None, (str(folder / "before"), cluster.environment.get("PYTHONPATH"))))
    before = replace(cluster, environment={**cluster.environment, "PYTHONPATH": path})
    lease = ("--lease", f"{api.namespace}/{LEASE}")

    def make(name: str) -> Replica:
        return Replica(
            {
                "this": Operator(cluster, folder / f"operator-{name}.log", *lease),
                "before": Operator(before, folder / f"operator-{name}-before.log", *lease),
            }
        )

    return make("a"), make("b")


def failed_passes(replicas: tuple[Replica, ...]) -> Iterator[str]:
    """Yield what made passes fail, other than an API server that was away or a Lease that was lost."""
    for line in _lines(replicas, "pass failed"):
        if not any(word in line for word in _USUAL):
            yield _told(line)


def reasons_of(replicas: tuple[Replica, ...]) -> Counter[str]:
    """Return how often migrations came to each reason."""
    return Counter(_REASON.findall("\n".join(_lines(replicas, "reason changed"))))


def _lines(replicas: tuple[Replica, ...], word: str) -> Iterator[str]:
    for operator in (each for replica in replicas for each in replica.releases.values()):
        yield from (line for line in operator.said().splitlines() if word in line)


def _told(line: str) -> str:
    with suppress(ValueError):
        entry = json.loads(line)
        return f"{entry.get('migration')}: {entry.get('exception', entry)}"[-3000:]
    return line[-3000:]
