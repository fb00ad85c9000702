"""How the revisions of a run follow one another, whatever the database."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Closing:
    """The last statement of each revision: it moves the row of the version table and writes that of the ledger."""

    statement: str  # with :NAME for each value, {} for the ledger's table and {version} for the version table
    ledger: str  # as it stands in a statement
    version: tuple[str, ...]  # the version table's name, after the schema that env.py gave it
    values: Mapping[str, str] = field(default_factory=dict)  # those that are the same for every revision


class Pace(Protocol):
    """Whether a revision may begin while the one before it is still being committed."""

    @property
    def failure(self) -> Exception | None:
        """What a revision that was being committed failed of, while what called the next one may have hidden it."""

    def agree_on(self, closing: Closing) -> bool:
        """Say whether revisions may end with `close`."""

    def close(self, values: Mapping[str, str]) -> None:
        """End the transaction that is open with the closing statement, as soon as SQLAlchemy commits it.

        Nobody waits for that before the next statement.
        """

    def then(self, following: Callable[[], None]) -> None:
        """Call this when all is committed, and in the order that it came: now, or soon, maybe from a thread of ours."""

    def settle(self) -> None:
        """Wait until it is committed.

        Raises:
            Exception: what it failed of.
        """


class Stepwise:
    """A Pace at which nothing is hurried: Alembic commits each revision, and it is waited for."""

    failure: Exception | None = None

    def agree_on(self, _closing: Closing) -> bool:
        """Say no."""
        return False

    def close(self, values: Mapping[str, str]) -> None:
        """Be never called."""
        raise NotImplementedError

    def then(self, following: Callable[[], None]) -> None:
        """Call it now."""
        following()

    def settle(self) -> None:
        """Find nothing to wait for."""
