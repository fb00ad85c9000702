"""What a user wants to be called around an upgrade: it may say no before the first statement, and never half-way."""

from collections.abc import Callable
from dataclasses import dataclass, field


def _nothing(*_: object) -> None:
    """Be a hook that nobody gave."""


@dataclass(frozen=True, slots=True)
class Follower:
    """Is told of each revision, in their order."""

    began: Callable[[str], None] = _nothing
    ended: Callable[[str], None] = _nothing


@dataclass(frozen=True, slots=True)
class Hooks:
    """Called while the lock is held, outside of any transaction; what they raise stops the run there."""

    before_upgrade: Callable[[tuple[str, ...], tuple[str, ...]], None] = _nothing  # the heads, and what is pending
    before_revision: Callable[[str], None] = _nothing
    after_revision: Callable[[str], None] = _nothing
    after_upgrade: Callable[[tuple[str, ...]], None] = _nothing  # the heads
    follower: Follower = field(default_factory=Follower)
