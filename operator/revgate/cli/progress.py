"""What runs and for how long, on stderr: one line rewritten in place on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Engine

    from revgate.migration.library.runner import MigrationRunner

_WORDS: Final = {"upgrade": ("Applying", "Applied"), "downgrade": ("Undoing", "Undid")}
_GLANCE: Final = 0.1  # seconds
_PATIENCE: Final = 5.0  # seconds for the thread that looks, when the server does not answer it


@contextmanager
def showing_progress(
    runner: MigrationRunner[Engine, Any], engine: Engine, name: Callable[[str], str], way: str, *, in_place: bool
) -> Iterator[None]:
    """Show what the runner does until the block ends.

    Args:
        runner: whose revisions are followed.
        engine: of the database, which is asked how far it is.
        name: of a revision, by its id.
        way: "upgrade" or "downgrade".
        in_place: whether a line may be rewritten, should stderr be a terminal.
    """
    from revgate.migration.hooks import Follower  # noqa: PLC0415  as below
    from revgate.migration.progress import watching_work  # noqa: PLC0415  SQLAlchemy is loaded for a run only

    screen = Terminal() if in_place and sys.stderr.isatty() else Log()
    with watching_work(engine) as look:
        progress = Progress(screen, look, name, *_WORDS[way])
        runner.before_upgrade(progress.expect)
        runner.hooks.follower = Follower(progress.begin, progress.end)
        try:
            yield
        finally:
            progress.stop()


class Screen(Protocol):
    """Where progress is shown."""

    def pauses(self) -> Iterator[float]:
        """Yield how many seconds to wait before each further look at a revision."""

    def still(self, text: str) -> None:
        """Show what is at work."""

    def done(self, text: str) -> None:
        """Show what is finished, in place of what was at work."""


class Log:
    """A file, a pipe, the log of a container: a line now and then, the more seldom the longer it takes."""

    def pauses(self) -> Iterator[float]:
        """Yield 2 seconds, then twice as long each time, up to a minute."""
        pause = 2.0
        while True:
            yield pause
            pause = min(pause * 2, 60.0)

    def still(self, text: str) -> None:
        """Print a line, in one piece: print writes two."""
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()

    def done(self, text: str) -> None:
        """Print a line."""
        self.still(text)


class Terminal:
    """One line. The cursor waits at its beginning, so that whatever else is printed replaces it."""

    def pauses(self) -> Iterator[float]:
        """Yield half a second for ever."""
        while True:
            yield 0.5

    def still(self, text: str) -> None:
        """Rewrite the line, cut to the terminal's width."""
        columns = os.get_terminal_size(sys.stderr.fileno()).columns
        print(f"{text[: columns - 1]}\x1b[K", end="\r", file=sys.stderr, flush=True)

    def done(self, text: str) -> None:
        """Rewrite the line for the last time, and begin another."""
        print(f"{text}\x1b[K", file=sys.stderr, flush=True)


class Progress:
    """Follows the revisions of a runner."""

    def __init__(
        self, screen: Screen, look: Callable[[], str], name: Callable[[str], str], doing: str, did: str
    ) -> None:
        self._screen = screen
        self._look = look
        self._name = name
        self._doing, self._did = doing, did
        self._numbers: dict[str, int] = {}
        self._at_work: tuple[str, float] | None = None  # what is at work, and since when; None between two
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def expect(self, pending: Sequence[str]) -> None:
        """Note what is pending."""
        self._numbers = {revision: at for at, revision in enumerate(pending, 1)}

    def begin(self, revision: str) -> None:
        """Show a revision, from now until it ends; after a lock timeout that is the same one again."""
        number = f" ({self._numbers[revision]} of {len(self._numbers)})" if revision in self._numbers else ""
        text = f"{self._doing} {self._name(revision)}{number}"
        self._screen.still(text)
        self._at_work = text, time.monotonic()
        if self._thread is None:
            self._thread = threading.Thread(target=self._follow, daemon=True)
            self._thread.start()

    def end(self, revision: str) -> None:
        """Show how long it took."""
        began = self._at_work[1] if self._at_work else time.monotonic()
        self._at_work = None
        self._screen.done(f"{self._did} {self._name(revision)} in {time.monotonic() - began:.1f} s")

    def stop(self) -> None:
        """Show nothing more of what is at work."""
        self._at_work = None
        self._over.set()
        if self._thread is not None:
            self._thread.join(_PATIENCE)

    def _follow(self) -> None:
        """Look now and then what is at work: to be woken by each of thousands of revisions would slow them down."""
        shown, pauses, due = self._at_work, self._screen.pauses(), 0.0
        while not self._over.wait(_GLANCE):
            now, at_work = time.monotonic(), self._at_work
            if at_work != shown or at_work is None:
                shown, pauses, due = at_work, self._screen.pauses(), 0.0
            elif not due:
                due = at_work[1] + next(pauses)
            elif now >= due:
                self._show(at_work)
                due = now + next(pauses)

    def _show(self, at_work: tuple[str, float]) -> None:
        seen = self._look()
        if self._at_work == at_work:  # the server may have taken its time
            seconds = f"{time.monotonic() - at_work[1]:.0f} s"
            self._screen.still(f"{at_work[0]}: {', '.join(part for part in (seconds, seen) if part)}")
