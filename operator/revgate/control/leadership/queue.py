"""The work queue: each key once, however many events it had; one worker a key; failures back off.

add ──> dirty ──worker takes──> busy ──done──> (dirty again? ──> back to the line)
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final

import structlog
from structlog.contextvars import bound_contextvars

from revgate.control.observing.snapshot import Key

Work = Callable[[Key], Awaitable[datetime | None]]

_FIRST_DELAY: Final = 0.5
_LONGEST_DELAY: Final = 60.0
_LEAST_PAUSE: Final = 0.1  # a time that has passed and passes again must not take a whole processor
_MOST_DOUBLINGS: Final = 10
_MOST_A_SECOND: Final = 20
"""Passes of one key, which takes three or four from its making to its end; then there is one a second."""
_log = structlog.get_logger()


class Queue:
    """A de-duplicating queue of keys with timers and per-key exponential backoff."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._line: asyncio.Queue[Key] = asyncio.Queue()
        self._dirty: set[Key] = set()
        self._busy: set[Key] = set()
        self._failures: dict[Key, int] = {}
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        self._passes: Counter[Key] = Counter()
        self._passes_since = 0.0

    @property
    def depth(self) -> int:
        """How many keys wait for a worker."""
        return self._line.qsize()

    def add(self, key: Key) -> None:
        """Put a key in the line, unless it stands there already."""
        if key in self._dirty:
            return
        self._dirty.add(key)
        if key not in self._busy:
            self._line_up(key)

    def _line_up(self, key: Key) -> None:
        """Whatever makes a key come again and again, its own writes perhaps, must not take a processor for ever."""
        if self._passes_of(key) < _MOST_A_SECOND:
            self._line.put_nowait(key)
        else:
            asyncio.get_running_loop().call_later(1.0, self._line.put_nowait, key)

    def _passes_of(self, key: Key) -> int:
        """Return how many passes it had in this second."""
        now = asyncio.get_running_loop().time()
        if now - self._passes_since >= 1.0:
            limited = (known for known, passes in self._passes.items() if passes > _MOST_A_SECOND)
            self._passes = Counter(dict.fromkeys(limited, _MOST_A_SECOND))
            self._passes_since = now
        return self._passes[key]

    async def run(self, workers: int) -> None:
        """Work until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(workers):
                    group.create_task(self._run_worker())
        finally:
            for timer in self._timers.values():
                timer.cancel()

    async def _run_worker(self) -> None:
        while True:
            key = await self._line.get()
            self._dirty.discard(key)
            self._busy.add(key)
            self._passes[key] += 1
            try:
                with bound_contextvars(migration=str(key)):
                    await self._run_once(key)
            finally:
                self._busy.discard(key)
                if key in self._dirty:
                    self._line_up(key)

    async def _run_once(self, key: Key) -> None:
        try:
            wake_at = await self._work(key)
        except Exception:  # noqa: BLE001 - the entry point of a pass: one broken resource must not stop the others
            self._failures[key] = self._failures.get(key, 0) + 1
            delay = _delay_after(self._failures[key])
            _log.exception("pass failed", retry_in_seconds=round(delay, 1))
            self._add_in(key, delay)
        else:
            self._failures.pop(key, None)
            self._add_in(key, (wake_at - datetime.now(UTC)).total_seconds() if wake_at else None)

    def _add_in(self, key: Key, delay: float | None) -> None:
        """Keep one timer a key: the newest pass knows best when to look again."""
        if timer := self._timers.pop(key, None):
            timer.cancel()
        if delay is not None:
            self._timers[key] = asyncio.get_running_loop().call_later(max(_LEAST_PAUSE, delay), self._wake, key)

    def _wake(self, key: Key) -> None:
        self._timers.pop(key, None)
        self.add(key)


def _delay_after(failures: int) -> float:
    doublings = min(failures - 1, _MOST_DOUBLINGS)  # a key that fails for a day must not overflow
    longest: float = min(_LONGEST_DELAY, _FIRST_DELAY * 2.0**doublings)
    return longest * random.uniform(0.8, 1.2)  # noqa: S311 - jitter
