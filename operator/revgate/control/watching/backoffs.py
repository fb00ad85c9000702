"""How long it is waited between requests that fail."""

from typing import Final

_LONGEST_PAUSE: Final = 5.0


class Backoffs:
    """Endless, capped pauses between requests that fail: an API server that is away must not end the operator."""

    def __iter__(self) -> "Backoffs":
        """Start over for each request."""
        fresh = Backoffs()
        fresh._pause = 0.5
        return fresh

    def __next__(self) -> float:
        """Return the next pause, in seconds."""
        pause, self._pause = self._pause, min(_LONGEST_PAUSE, self._pause * 2)
        return pause

    _pause = 0.5
