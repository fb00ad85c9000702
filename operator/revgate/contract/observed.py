"""The gates' question, asked of what a migration's status says: for whoever cannot ask the database.

What is served alone says yes: it shrinks before a downgrade begins, when the heads are still what they were. All the
rest only tells a person why not.

    nothing read of this database               cannot tell
    served                                      yes
    pending, or on a list that was cut          behind
    not on the map, and the map has an end      past its floor | behind | cannot tell
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from revgate.contract.serves import Answer, Verdict

MOST_SERVED: Final = 100
"""As many revisions as a status names as served, the nearest first."""

_GRAVEST_FIRST: Final = (Answer.PAST_FLOOR, Answer.CANNOT_TELL, Answer.BEHIND)


@dataclass(frozen=True, slots=True)
class Observed:
    """A status, as far as it tells what the database serves.

    `is_read` says whether the database that the spec names now was read, `is_ready` whether the migration is ready with
    that spec; `image` is the one whose history was read. What is `leaving` ends with `next_floor`, which is next.
    """

    current: tuple[str, ...] = ()
    served: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    pending_count: int = 0
    floor: str = ""
    leaving: tuple[str, ...] = ()
    next_floor: str = ""
    image: str = ""
    is_read: bool = False
    is_ready: bool = False


def judge(observed: Observed, requires: Sequence[str]) -> Verdict:
    """Say whether everything that is required is served, as far as the status knows.

    Args:
        observed: what the status says.
        requires: full revision ids, at least one.
    """
    verdicts = [_judge(observed, revision) for revision in requires]
    held = [verdict for verdict in verdicts if verdict.answer is not Answer.YES]
    if not held:
        return Verdict(Answer.YES, f"{_where(observed)} and serves {', '.join(requires)}")
    answer = min((verdict.answer for verdict in held), key=_GRAVEST_FIRST.index)
    return Verdict(answer, "; ".join(dict.fromkeys(verdict.message for verdict in held)))


def _judge(seen: Observed, revision: str) -> Verdict:
    if not seen.is_read:
        what = "has been read for this spec" if seen.current else "was read yet"
        return Verdict(Answer.CANNOT_TELL, f"No database {what}, {revision} is required")
    if revision in seen.served:
        return Verdict(Answer.YES, _where(seen))
    if not seen.current:
        return Verdict(Answer.BEHIND, f"Database has no revision yet, {revision} is required")
    if revision in seen.pending:
        return Verdict(Answer.BEHIND, f"{_where(seen)}, {revision} is required and pending")
    return _leaving(seen, _where(seen), revision) or _off_the_map(seen, _where(seen), revision)


def _leaving(seen: Observed, where: str, revision: str) -> Verdict | None:
    """What is served no longer, although the database has not changed yet."""
    if revision in seen.leaving:
        text = f"{where} and about to serve apps from {seen.next_floor} on only: {revision} is too old"
        advice = f"deploy a release that requires {seen.next_floor} or later"
        return Verdict(Answer.PAST_FLOOR, f"{text}; {advice}")
    if revision in seen.current:
        return Verdict(Answer.BEHIND, f"{where}, and is about to be downgraded below {revision}")
    return None


def _off_the_map(seen: Observed, where: str, revision: str) -> Verdict:
    if seen.pending_count > len(seen.pending):
        return Verdict(Answer.BEHIND, f"{where} with {seen.pending_count} pending, {revision} is required")
    unclear = f"{where}, and its status cannot tell whether that includes {revision}"
    if set(seen.served) == set(seen.current):  # no ledger, or its edges were lost
        return Verdict(Answer.CANNOT_TELL, f"{unclear}: let an init container ask the database, or migrate once more")
    if len(seen.served) >= MOST_SERVED:
        text = f"it names the nearest {MOST_SERVED} revisions only; let an init container ask the database"
        return Verdict(Answer.CANNOT_TELL, f"{unclear}: {text}")
    if seen.floor:
        text = f"{where} and serves apps from {seen.floor} on: {revision} is too old, or is not of this history"
        return Verdict(Answer.PAST_FLOOR, f"{text}; deploy a release that requires {seen.floor} or later")
    if seen.is_ready:
        text = f"{where}, which is all that image {seen.image or 'of the migration'} has, without {revision}"
        return Verdict(Answer.BEHIND, f"{text}: correct what the app requires, or give the migration the newer image")
    return Verdict(Answer.BEHIND, f"{where}, {revision} is required and neither applied nor pending so far")


def _where(seen: Observed) -> str:
    return f"Database is at {', '.join(sorted(seen.current))}"
