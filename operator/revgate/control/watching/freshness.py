"""When the API server was heard last: a watch that is connected and silent is blind, and nothing else would tell."""

from dataclasses import dataclass, field
from time import monotonic
from typing import Final

STALE: Final = 150.0
"""Seconds. The API server sends a bookmark every minute, and Kopf connects anew after 70 s of silence."""

BLIND: Final = 300.0
"""Seconds that the API server has answered other requests and a watch was silent: starting anew is all that is left."""


@dataclass(slots=True)
class Freshness:
    """Times of the local monotonic clock: of each watch that ought to be there, and of the last answer to a request."""

    watches: dict[str, float | None] = field(default_factory=dict)
    answered: float = 0.0
    began: float = field(default_factory=monotonic)
    is_warm: bool = False  # the first lists are in the cache

    def expect(self, kind: str) -> None:
        """Wait for signs of life of one more watch."""
        self.watches[kind] = None

    def forget(self, kind: str) -> None:
        """Wait no longer for signs of life of a watch that has ended."""
        self.watches.pop(kind, None)

    def hear(self, kind: str) -> None:
        """Note a sign of life of a watch: an event or a bookmark."""
        if kind in self.watches:
            self.watches[kind] = monotonic()

    def note_answer(self) -> None:
        """Note that the API server has answered a request."""
        self.answered = monotonic()

    def ages(self) -> dict[str, float]:
        """Return the seconds since each watch was heard, or since the start when it never was."""
        now = monotonic()
        return {kind: now - (heard or self.began) for kind, heard in self.watches.items()}

    def faults(self) -> list[str]:
        """Say why the operator does not see what happens: it is not ready."""
        cold = [] if self.is_warm else ["Migrations, Jobs and pods are not listed yet"]
        unheard = [f"Watch of {kind} has not begun" for kind, heard in self.watches.items() if heard is None]
        old = [f"Watch of {kind} has been silent for {age:.0f} s" for kind, age in self.ages().items() if age > STALE]
        return [*cold, *unheard, *old]

    def is_settled(self) -> bool:
        """Whether what is not in the cache is not there."""
        return not self.faults()

    def blind(self) -> list[str]:
        """Name the watches that are silent though the API server answers: only a new process helps."""
        since = {kind: heard or self.began for kind, heard in self.watches.items()}
        return [f"Watch of {kind} is blind" for kind, heard in since.items() if self.answered - heard > BLIND]
