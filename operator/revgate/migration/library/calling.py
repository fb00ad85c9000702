"""Calling a user's hook, a function or a coroutine function, from whichever thread a run is at work in."""

import asyncio
import concurrent.futures
import contextvars
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from revgate.migration.errors import HookFailed, MigrationError
from revgate.migration.library.answers import LOOP
from revgate.migration.output.wording import first_line
from revgate.migration.signals import Stop

Hook: TypeAlias = Callable[..., object]
"""Takes nothing, or the one thing that it is called about."""


def call(hook: Hook, subject: object) -> None:
    """Call a hook and wait for its end.

    Raises:
        HookFailed: whatever it raised, in one sentence.
    """
    try:
        result = hook(subject) if _takes_one(hook) else hook()
        if inspect.isawaitable(result):
            _wait_for(result)
    except (MigrationError, Stop):
        raise
    except Exception as error:
        name = getattr(hook, "__name__", type(hook).__name__)
        raise HookFailed(f"Hook {name} failed: {first_line(error)}") from error


def _takes_one(hook: Hook) -> bool:
    try:
        parameters = inspect.signature(hook).parameters.values()
    except (TypeError, ValueError):
        return False
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return any(each.kind in positional and each.default is each.empty for each in parameters)


def _wait_for(result: Awaitable[Any]) -> None:
    async def awaited() -> None:
        await result

    loop = LOOP.get()
    if loop is not None:
        _on_loop(loop, awaited)
    elif asyncio._get_running_loop() is None:  # noqa: SLF001  get_running_loop raises instead of saying no
        asyncio.run(awaited())
    else:  # a blocking engine inside an async application: its loop cannot turn while we block it
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            pool.submit(contextvars.copy_context().run, asyncio.run, awaited()).result()


def _on_loop(loop: asyncio.AbstractEventLoop, awaited: Callable[[], Any]) -> None:
    """Run it as a task of the application's loop, in our context: what it calls must know that it is in a hook."""
    done: concurrent.futures.Future[None] = concurrent.futures.Future()
    context = contextvars.copy_context()

    async def settle() -> None:
        try:
            await awaited()
        except BaseException as error:  # noqa: BLE001  it is raised in the run
            done.set_exception(error)
        else:
            done.set_result(None)

    tasks: list[asyncio.Task[None]] = []
    loop.call_soon_threadsafe(lambda: tasks.append(loop.create_task(settle(), context=context)))
    done.result()
