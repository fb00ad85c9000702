"""What a run has to itself, known to whatever it calls: a hook that asks for the same thing would wait for ever."""

import threading
from collections.abc import Hashable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from revgate.migration.errors import HookFailed
from revgate.migration.stopping import check

_LOOK_UP: Final = 0.2  # seconds

REFUSAL: Final = (
    "A hook called a runner on what its own run has locked, which would wait for it for ever: call it after the upgrade"
)


@dataclass(slots=True)
class _Taken:
    what: Hashable
    is_held: bool = True  # a task that a hook has started may live, with its context, when the run is over


_TAKEN: Final[ContextVar[tuple[_Taken, ...]]] = ContextVar("revgate_taken", default=())


def is_taken(what: Hashable) -> bool:
    """Say whether something is marked as taken in this context, or in the one that this was copied from."""
    return any(one.is_held and one.what == what for one in _TAKEN.get())


@contextmanager
def taken(what: Hashable, refusal: str) -> Iterator[None]:
    """Mark something as taken for the block, in this context and in those that are copied from it.

    Raises:
        HookFailed: with the refusal, if it is taken here already.
    """
    if is_taken(what):
        raise HookFailed(refusal)
    mine = _Taken(what)
    token = _TAKEN.set((*_TAKEN.get(), mine))
    try:
        yield
    finally:
        mine.is_held = False
        _TAKEN.reset(token)


class Only:
    """A lock that refuses whoever has it already, also in another thread that works for him."""

    def __init__(self, refusal: str) -> None:
        self._lock = threading.Lock()
        self._refusal = refusal
        self._held = ExitStack()

    def __enter__(self) -> None:
        """Wait for the lock."""
        with ExitStack() as stack:
            stack.enter_context(taken(id(self), self._refusal))
            while not self._lock.acquire(timeout=_LOOK_UP):
                check()
            stack.callback(self._lock.release)
            self._held = stack.pop_all()

    def __exit__(self, *_: object) -> None:
        """Give it up."""
        held = self._held  # the next one sets its own as soon as the lock is free
        held.close()
