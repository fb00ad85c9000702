"""Whether an operator is at rest: what it wrote and how often it looked, from its own metrics, and its memory."""

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from support.operator import Operator
from support.waiting import eventually

_CALLS: Final = re.compile(r'^revgate_api_calls_total\{code="\d+",kind="(\w+)",verb="(\w+)"\} (\S+)$', re.MULTILINE)
_PASSES: Final = re.compile(r"^revgate_reconcile_seconds_count (\S+)$", re.MULTILINE)
_QUEUE: Final = re.compile(r"^revgate_queue_depth (\S+)$", re.MULTILINE)
_WRITES: Final = ("POST", "PUT", "PATCH", "DELETE")
_SECONDS: Final = 3.0
_OF_A_RETRY: Final = 4  # writes: a status that it begins, a Job, a status that it has begun, an event


@dataclass(frozen=True, slots=True)
class Counts:
    """What was done since the operator began."""

    writes: int
    passes: int
    queued: int


@dataclass(frozen=True, slots=True)
class Stillness:
    """Watches an operator come to rest."""

    operator: Operator

    def counts(self) -> Counts:
        """Ask the operator."""
        text = httpx.get(self.operator.address("/metrics"), trust_env=False).raise_for_status().text
        writes = sum(float(count) for _, verb, count in _CALLS.findall(text) if verb in _WRITES)
        return Counts(int(writes), int(float(_number(_PASSES, text))), int(float(_number(_QUEUE, text))))

    def without_writes(self, timeout: float = 180) -> Counts:
        """Wait until nothing was written for some seconds; a hot loop, or a resource that is never right, is none."""
        seen = [(self.counts(), time.monotonic())]

        def is_still() -> bool:
            now, (last, since) = self.counts(), seen[-1]
            if now.queued or now.writes != last.writes:
                seen.append((now, time.monotonic()))
            return time.monotonic() - since > _SECONDS and not now.queued and now.writes == last.writes

        eventually("Nothing is written any more", is_still, timeout, lambda: [each for each, _ in seen[-20:]])
        return self.counts()

    def looks_only_by_timers(self, timers: Iterable[float] = (), retries: int = 0) -> None:
        """See that nothing is looked at but by timers of so many seconds, nor written but by so many retries."""
        before, began = self.counts(), time.monotonic()
        eventually("Some seconds have passed", lambda: time.monotonic() - began > _SECONDS)
        after = self.counts()
        passes, most = after.passes - before.passes, sum(2 + _SECONDS / every for every in timers)
        assert passes <= most, f"{passes} passes in {_SECONDS} s, and timers explain {most:.0f} at most"
        writes = after.writes - before.writes
        assert writes <= retries * _OF_A_RETRY, f"{writes} writes in {_SECONDS} s, and {retries} retries explain"

    def megabytes(self) -> float:
        """Return what the operator keeps in memory."""
        status = Path(f"/proc/{self.operator.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def _number(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    assert found, text
    return found[1]
