"""The work queue: each key once, one worker a key, failures back off."""

import asyncio
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from revgate.control.leadership.queue import Queue
from revgate.control.observing.snapshot import Key

A, B = Key("shop", "a"), Key("shop", "b")


class Work:
    """Passes that a test holds open, lets fail and counts."""

    def __init__(self) -> None:
        self.passes: Counter[Key] = Counter()
        self.busy: Counter[Key] = Counter()
        self.most = 0
        self.open = asyncio.Event()
        self.open.set()
        self.failures = 0
        self.again: list[datetime] = []

    async def __call__(self, key: Key) -> datetime | None:
        self.passes[key] += 1
        self.busy[key] += 1
        self.most = max(self.most, self.busy[key])
        await self.open.wait()
        self.busy[key] -= 1
        if self.failures:
            self.failures -= 1
            raise RuntimeError("as the test wants it")
        return self.again.pop() if self.again else None


async def until(look, what: str) -> None:
    """Let the queue work until something is so."""
    try:
        async with asyncio.timeout(10):
            while not look():  # noqa: ASYNC110 - what is waited for is the queue's own state
                await asyncio.sleep(0)
    except TimeoutError:
        pytest.fail(f"{what} did not happen within 10 s")


async def rest() -> None:
    """Let everything run that can run at once."""
    for _ in range(50):
        await asyncio.sleep(0)


def with_queue(test):
    """Run a test beside a queue with three workers."""

    async def scene() -> None:
        work = Work()
        queue = Queue(work)
        running = asyncio.create_task(queue.run(3))
        try:
            await test(queue, work)
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running

    def test_run() -> None:
        asyncio.run(scene())

    test_run.__name__ = test.__name__
    return test_run


@with_queue
async def test_many_events_of_one_key_before_a_pass_are_one_pass(queue, work):
    for _ in range(100):
        queue.add(A)
    await rest()
    assert work.passes == {A: 1}


@with_queue
async def test_events_during_a_pass_are_one_more_pass(queue, work):
    work.open.clear()
    queue.add(A)
    await until(lambda: work.passes[A] == 1, "the first pass")
    for _ in range(100):
        queue.add(A)
    await rest()
    assert work.passes[A] == 1
    work.open.set()
    await until(lambda: work.passes[A] == 2, "the second pass")
    await rest()
    assert work.passes[A] == 2


@with_queue
async def test_a_key_that_every_pass_wakes_again_leaves_room_for_others(queue, work):
    async def wakes_itself(key: Key) -> None:
        work.passes[key] += 1
        queue.add(key)

    queue._work = wakes_itself
    queue.add(A)
    await rest()
    assert work.passes[A] == 20
    queue.add(B)
    await rest()
    assert work.passes == {A: 20, B: 20}
    await until(lambda: work.passes[A] >= 22, "one pass a second")
    assert work.passes[A] <= 24


@with_queue
async def test_two_workers_never_have_the_same_key(queue, work):
    work.open.clear()
    for _ in range(5):
        queue.add(A)
        await rest()
    work.open.set()
    await until(lambda: work.passes[A] == 2, "the second pass")
    await rest()
    assert work.most == 1


@with_queue
async def test_one_key_that_takes_long_does_not_stop_another(queue, work):
    work.open.clear()
    queue.add(A)
    queue.add(B)
    await until(lambda: work.passes[B] == 1, "the pass of the other key")
    work.open.set()


@with_queue
async def test_a_pass_that_failed_comes_again_by_itself(queue, work):
    work.failures = 1
    queue.add(A)
    await until(lambda: work.passes[A] == 2, "the next pass")


@with_queue
async def test_a_key_that_failed_is_taken_at_once_when_an_event_comes(queue, work):
    work.failures = 1
    queue.add(A)
    await until(lambda: work.passes[A] == 1 and not work.failures, "the first pass")
    await rest()
    queue.add(A)
    await rest()
    assert work.passes[A] == 2


@with_queue
async def test_failures_wait_longer_each_time_and_success_forgets_them(queue, work):
    loop = asyncio.get_running_loop()
    delays = []
    for _ in range(4):
        work.failures = 1
        queue.add(A)
        await rest()
        delays.append(queue._timers[A].when() - loop.time())
    assert delays == sorted(delays)
    assert delays[0] < 1 < delays[2]
    queue.add(A)
    await rest()
    assert A not in queue._timers
    assert A not in queue._failures


@with_queue
async def test_the_delay_after_many_failures_has_an_end(queue, work):
    queue._failures[A] = 1000
    work.failures = 1
    queue.add(A)
    await rest()
    assert queue._timers[A].when() - asyncio.get_running_loop().time() < 80


@with_queue
async def test_a_pass_says_when_it_wants_to_come_again(queue, work):
    work.again = [datetime.now(UTC) + timedelta(milliseconds=5)]
    queue.add(A)
    await until(lambda: work.passes[A] == 2, "the pass at its time")


@with_queue
async def test_a_time_in_the_past_is_now(queue, work):
    work.again = [datetime.now(UTC) - timedelta(days=1)]
    queue.add(A)
    await until(lambda: work.passes[A] == 2, "the pass at its time")


@with_queue
async def test_the_newest_pass_replaces_the_timer_of_the_one_before(queue, work):
    work.again = [datetime.now(UTC) + timedelta(hours=1)]
    queue.add(A)
    await rest()
    first = queue._timers[A]
    work.again = [datetime.now(UTC) + timedelta(hours=2)]
    queue.add(A)
    await rest()
    assert first.cancelled()
    assert not queue._timers[A].cancelled()
    queue.add(A)
    await rest()
    assert queue._timers == {}
