"""Looks at a database that was brought where it should be: for drift, or for what the log of a run has lost."""

from datetime import datetime, timedelta
from typing import Final

from revgate.contract.durations import parse_duration
from revgate.contract.exits import Next
from revgate.contract.reasons import Reason
from revgate.control.deciding.case import Case, Last
from revgate.control.deciding.decision import Decision, Done, Stall, Start, Unseen
from revgate.control.deciding.inputs import inputs_of, inputs_of_inspection
from revgate.control.deciding.kinds import Kind

_LEAST_INTERVAL: Final = 60.0
_FIRST_PAUSE: Final = timedelta(minutes=1)  # between looks for what others have lost
_LONGEST_PAUSE: Final = timedelta(hours=1)


def is_to_be_looked_at(case: Case) -> Decision | None:
    """It is time to see whether the database still is where it was brought, or what else it serves."""
    last = case.last
    if last is None or case.is_held or not (last.is_done or case.goal.kind is Kind.INSPECT):
        return None
    if case.is_untold:
        return None
    due = next_look(case, last)
    if due is None or case.snapshot.now < due:
        return None
    inputs = inputs_of_inspection(inputs_of(case.migration, case.spec, case.snapshot.image))
    attempt = case.next_attempt(inputs)
    if case.lost_edges and case.goal.kind is Kind.INSPECT:
        attempt = max(attempt, last.attempt + 1)  # its Job may be gone, and pauses grow with the number
    return Start(inputs, attempt, kind=Kind.INSPECT)


def has_looked(case: Case) -> Decision | None:
    """The newest run only looked whether something had changed."""
    last = case.last
    if last is None or case.goal.kind is not Kind.INSPECT:
        return None
    look = next_look(case, last)
    match last.ended.next:
        case Next.DONE if last.ended.reason == Reason.PLANNED:
            message = f"{last.ended.message}, although it had been brought to its target: somebody else changed it"
            return Stall(Reason.DRIFTED, message, look)
        case Next.DONE:
            return Done(last.ended, look)
        case Next.HUMAN if case.lost_edges and not case.spec.drift.interval:
            return Unseen(last.ended, None)  # nobody asked for this look: an image whose runner knows none stays ready
        case Next.HUMAN:
            return Stall(last.ended.reason, last.ended.message, look)
        case _:
            return Unseen(last.ended, look) if look else case.again(last)


def next_look(case: Case, last: Last) -> datetime | None:
    """Return when the database is looked at again, if it is."""
    if case.is_held:
        return None  # a time that has come and that nobody acts on would be looked at again at once, for ever
    if case.goal.kind is Kind.DOWNGRADE or (last.ended.reason == Reason.PLANNED and case.goal.plan is None):
        return None
    return min(filter(None, (_next_look_for_drift(case, last), _next_look_for_edges(case, last))), default=None)


def _next_look_for_drift(case: Case, last: Last) -> datetime | None:
    every = case.spec.drift.interval
    if not every:
        return None
    return last.ended.finished_at + timedelta(seconds=max(_LEAST_INTERVAL, parse_duration(every)))


def _next_look_for_edges(case: Case, last: Last) -> datetime | None:
    """At once when a run's log did not have the ledger, without which gates cannot tell; later after a look itself."""
    if not case.lost_edges or last.ended.next is Next.HUMAN:
        return None
    if case.goal.kind is not Kind.INSPECT:
        return last.ended.finished_at
    pause: timedelta = min(_FIRST_PAUSE * 2 ** min(last.attempt - 1, 30), _LONGEST_PAUSE)
    return last.ended.finished_at + pause
