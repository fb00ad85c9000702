"""The hooks that a user has given to a runner, called in the order that they came."""

from dataclasses import dataclass, field
from typing import TypeVar

from revgate.migration.errors import InvalidOptions
from revgate.migration.hooks import Follower
from revgate.migration.library.calling import Hook, call

F = TypeVar("F", bound=Hook)


@dataclass(slots=True)
class UserHooks:
    """Four lists, each with the decorator that fills it; and who is only told, which is ours."""

    before_upgrades: list[Hook] = field(default_factory=list)
    after_upgrades: list[Hook] = field(default_factory=list)
    before_revisions: list[Hook] = field(default_factory=list)
    after_revisions: list[Hook] = field(default_factory=list)
    follower: Follower = field(default_factory=Follower)

    def before_upgrade(self, hook: F) -> F:
        """Call this before the first statement of an upgrade that has something to do; it may take the pending ids."""
        return _added(hook, self.before_upgrades)

    def after_upgrade(self, hook: F) -> F:
        """Call this after an upgrade that did something; it may take the heads that it led to."""
        return _added(hook, self.after_upgrades)

    def before_revision(self, hook: F) -> F:
        """Call this before each revision, up or down; it may take the revision's id."""
        return _added(hook, self.before_revisions)

    def after_revision(self, hook: F) -> F:
        """Call this after each revision is committed, up or down; it may take the revision's id."""
        return _added(hook, self.after_revisions)


def _added(hook: F, hooks: list[Hook]) -> F:
    if not callable(hook):
        raise InvalidOptions(f"Hook is {hook!r}: give a function")
    hooks.append(hook)
    return hook


def call_all(hooks: list[Hook], subject: object) -> None:
    """Call each, until one raises."""
    for hook in hooks:
        call(hook, subject)
