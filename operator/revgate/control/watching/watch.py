"""Kopf as transport: every event updates the cache and puts a key into the queue, and that is all.

`on.event` only, no indexes, no worker limit, tuple selectors: each for a measured reason (docs/decisions/0002).
"""

import asyncio
import signal
from collections.abc import Callable
from typing import Any, Final

import kopf

from revgate.contract import names
from revgate.control.observing.snapshot import Key
from revgate.control.watching.backoffs import Backoffs
from revgate.control.watching.cache import Cache, Shelf, key_of
from revgate.control.watching.freshness import Freshness
from revgate.control.watching.refresh import SELECTORS, Lists
from revgate.control.watching.transport import Ears, session_of

_GROUPS: Final = {
    names.PLURAL: (names.GROUP, names.VERSION),
    names.PLANS: (names.GROUP, names.VERSION),
    "jobs": ("batch", "v1"),
    "pods": ("", "v1"),
}
_BETWEEN_LOGINS: Final = 5.0
_NOBODY: Final[Any] = names.MANAGER  # else Kopf asks for the user's name, and a pod's uid has none


def registry_of(cache: Cache, wake: Callable[[Key], None]) -> kopf.OperatorRegistry:
    """Return the handlers: one for each kind."""
    registry = kopf.OperatorRegistry()
    for kind, shelf in cache.by_kind().items():
        group, version = _GROUPS[kind]
        kopf.on.event(group, version, kind, id=kind, registry=registry)(_handler(kind, shelf, wake))
    return registry


def settings_of() -> kopf.OperatorSettings:
    """Return Kopf's settings for a pure transport."""
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.peering.standalone = True
    settings.scanning.disabled = True
    for kind, selector in SELECTORS.items():
        settings.watching.label_selectors[*_GROUPS[kind], kind] = selector
    settings.queueing.idle_timeout = 0.1  # a task for each object lingers so long: thousands of them in a burst
    settings.networking.connect_timeout = 10
    settings.networking.request_timeout = 600  # a list of ours is made meanwhile, whose pages have times of their own
    settings.networking.error_backoffs = Backoffs()
    return settings


def _handler(kind: str, shelf: Shelf, wake: Callable[[Key], None]) -> Any:
    async def on_event(event: kopf.RawEvent, **_: object) -> None:
        body = dict(event["object"])
        key = key_of(kind, body)
        if (before := shelf.key_of(body)) not in (None, key):
            shelf.drop(before, body)  # somebody has changed its labels
            wake(before)
        if key is None:
            return
        if event["type"] == "DELETED":
            shelf.drop(key, body)
        else:
            shelf.put(key, body)
        wake(key)

    return on_event


def _login_of(ears: Ears) -> Any:
    last = -_BETWEEN_LOGINS

    async def login(**kwargs: Any) -> kopf.AiohttpSession | None:
        nonlocal last
        now = asyncio.get_running_loop().time()
        if now - last < _BETWEEN_LOGINS:  # what was refused is refused again: Kopf itself would not wait
            await asyncio.sleep(_BETWEEN_LOGINS)
        last = asyncio.get_running_loop().time()
        info = kopf.login_with_service_account(**kwargs) or kopf.login_with_kubeconfig(**kwargs)
        return session_of(info, ears) if info else None

    return login


async def watch(
    cache: Cache, lists: Lists, wake: Callable[[Key], None], freshness: Freshness, stop: asyncio.Event
) -> None:
    """Follow migrations, plans, Jobs and pods until stopped, by SIGTERM or SIGINT too."""
    registry = registry_of(cache, wake)
    for kind in cache.by_kind():
        freshness.expect(kind)
    ears = Ears(frozenset(cache.by_kind()), freshness.hear, lists.refill)
    kopf.on.login(registry=registry)(_login_of(ears))
    await lists.until_served()
    others = asyncio.all_tasks()
    tasks = await kopf.spawn_tasks(
        registry=registry,
        settings=settings_of(),
        identity=_NOBODY,
        standalone=True,
        clusterwide=True,
        stop_flag=stop,
    )
    for number in (signal.SIGTERM, signal.SIGINT):  # Kopf has taken them: it would end, which takes seconds, before us
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await kopf.run_tasks(tasks, ignored=others)
