"""What to do about one migration, decided from a snapshot alone: the first check that fires wins."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from revgate.contract.exits import Next
from revgate.contract.reasons import Reason
from revgate.control.deciding.at_work import is_at_work, runs_something_else
from revgate.control.deciding.case import Case, Last
from revgate.control.deciding.decision import Decision, Discard, Done, Hold, Stall
from revgate.control.deciding.kinds import Kind
from revgate.control.deciding.latest import newest_of
from revgate.control.deciding.looking import has_looked, is_to_be_looked_at, next_look
from revgate.control.deciding.passing import held_by_pods
from revgate.control.deciding.planning import held_back, lost_plan, told, was_carried_out
from revgate.control.observing.snapshot import Malformed, Snapshot


def decide(snapshot: Snapshot) -> Decision:
    """Return the one thing to do now."""
    migration = snapshot.migration
    if isinstance(migration.spec, Malformed):
        return Stall(Reason.INVALID_SPEC, migration.spec.message)
    case = Case.of(snapshot, migration.spec)
    decision = next((found for check in _CHECKS if (found := check(case))), None) or case.start(case.next_attempt())
    return held_by_pods(snapshot, case.taken, decision) or decision


def _has_planned(case: Case) -> Decision | None:
    """The newest try only told what there is to do, or found that what was told is not what there is to do now."""
    last = case.last
    if last and case.goal.kind is Kind.PLAN and last.ended.reason == Reason.PLANNED:
        lost = replace(last, ended=lost_plan(last.ended))
        return told(case.snapshot, case.spec, newest_of(case.snapshot)) or case.again(lost)
    if last and last.ended.reason == Reason.PLAN_CHANGED and case.goal.plan:
        return Discard(case.goal.plan)
    return None


def _has_ended(case: Case) -> Decision | None:
    """The newest try of these inputs is over."""
    last = case.last
    if last is None:
        return None
    match last.ended.next:
        case Next.DONE if last.has_stopped:
            return _after_a_stop(case, last)
        case Next.DONE:
            return Done(last.ended, next_look(case, last))
        case Next.HUMAN:
            return Stall(last.ended.reason, last.ended.message)
        case Next.COUNTED if last.failures >= case.spec.retry.limit:
            message = f"{last.ended.message}; failed {last.failures + 1} times, which is more than retry.limit allows"
            return Stall(Reason.RETRY_LIMIT_REACHED, message)
        case _:
            return case.again(last)


def _after_a_stop(case: Case, last: Last) -> Decision:
    """Go on past the floor; where nobody knows any more which one it was, run once more to be told."""
    if case.is_held:
        return Hold()
    if case.floor is None:
        return case.again(replace(last, ended=replace(last.ended, next=Next.AGAIN)))
    return case.start(max(last.attempt + 1, case.next_attempt()))


def _needs_a_person(case: Case) -> Decision | None:
    """A plan is there that may not be carried out yet, or not at all."""
    plan, last = case.goal.plan, case.last
    if plan is None or (last and last.is_done):
        return None
    if last is None and was_carried_out(case.migration, plan):
        return Discard(plan)  # the database has moved since: what was approved then is not approved now
    return held_back(case.migration, case.spec, plan)


def _is_suspended(case: Case) -> Decision | None:
    return Hold() if case.is_held else None


_CHECKS: Final[tuple[Callable[[Case], Decision | None], ...]] = (
    runs_something_else,
    is_at_work,
    is_to_be_looked_at,
    has_looked,
    _has_planned,
    _needs_a_person,
    _has_ended,
    _is_suspended,
)
