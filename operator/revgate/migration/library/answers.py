"""One method for both kinds of engine: it answers at once for an Engine, and gives a coroutine for an AsyncEngine.

Alembic blocks. So what an async application awaits is at work in a thread of its own, and its loop goes on; a task
that is cancelled waits until the revision in flight has ended, for nothing may be left half done.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import functools
import inspect
import threading
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, overload

from revgate.migration.stopping import STOP

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from sqlalchemy import Engine
    from sqlalchemy.ext.asyncio import AsyncEngine

    from revgate.migration.library.runner import MigrationRunner

Args = ParamSpec("Args")
Answer = TypeVar("Answer")


class answers(Generic[Args, Answer]):  # noqa: N801  a decorator
    """Makes a blocking method one that answers as the runner's engine does."""

    def __init__(self, function: Callable[Concatenate[Any, Args], Answer]) -> None:
        self._function = function
        functools.update_wrapper(self, function)  # type: ignore[arg-type]  # documentation tools read it from here

    @overload
    def __get__(self, runner: MigrationRunner[Engine, Any], owner: type) -> Callable[Args, Answer]: ...
    @overload
    def __get__(
        self, runner: MigrationRunner[AsyncEngine, Any], owner: type
    ) -> Callable[Args, Coroutine[Any, Any, Answer]]: ...
    @overload
    def __get__(self, runner: None, owner: type) -> answers[Args, Answer]: ...
    def __get__(self, runner: Any, owner: type) -> Any:
        """Return the method, bound."""
        if runner is None:
            return self
        bound = functools.partial(self._function, runner)

        @functools.wraps(self._function)
        def answer(*args: Args.args, **options: Args.kwargs) -> Any:
            work = functools.partial(bound, *args, **options)
            return _in_thread(work) if runner.is_async else work()

        answer.__signature__ = inspect.signature(bound)  # type: ignore[attr-defined]  # without self
        return answer


async def _in_thread(work: Callable[[], Answer]) -> Answer:
    """Run in a thread of its own: the loop's few are the application's."""
    done: concurrent.futures.Future[Answer] = concurrent.futures.Future()
    context = contextvars.copy_context()
    stop = threading.Event()
    context.run(LOOP.set, asyncio.get_running_loop())
    context.run(STOP.set, stop)
    thread = threading.Thread(target=context.run, args=(_settle, done, work), name="revgate-runner", daemon=True)
    thread.start()
    future = asyncio.wrap_future(done)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait([future])
        if not future.cancelled():
            future.exception()  # it is told by the cancellation
        raise


def _settle(done: concurrent.futures.Future[Answer], work: Callable[[], Answer]) -> None:
    try:
        done.set_result(work())
    except BaseException as error:  # noqa: BLE001  it is raised where the coroutine is awaited
        done.set_exception(error)


LOOP: contextvars.ContextVar[asyncio.AbstractEventLoop | None] = contextvars.ContextVar("revgate_loop", default=None)
"""The application's loop, in a thread that works for it."""
