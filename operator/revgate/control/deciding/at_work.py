"""Runs that have not ended: those of other inputs are waited for or make room, those of these are seen to their end."""

from datetime import timedelta
from typing import Final

from revgate.contract.exits import Next
from revgate.contract.reasons import Reason
from revgate.control.deciding.case import Case
from revgate.control.deciding.decision import Decision, Inspecting, Progress, Remove
from revgate.control.deciding.endings import Ended, Started, Unstarted, state_of
from revgate.control.deciding.kinds import Kind
from revgate.control.deciding.planning import held_back
from revgate.control.observing.glances import pause_after
from revgate.control.observing.snapshot import Run
from revgate.control.runs.job import series_of

_SOON: Final = timedelta(seconds=1)
_FIRST_LOOK: Final = timedelta(seconds=3)
_LATER_LOOK: Final = timedelta(seconds=30)


def runs_something_else(case: Case) -> Decision | None:
    """A run with other inputs, or of an earlier migration of this name, is at work or about to be."""
    for run in case.snapshot.runs:
        if case.is_ours(run):
            continue
        match case.standing(run):
            case Started(since):
                text = f"Job {run.job} of an earlier spec has run since {since:%H:%M:%S} UTC and is waited for"
                return Progress(run, Reason.WAITING_FOR_PREVIOUS_RUN, text, case.snapshot.now + _LATER_LOOK)
            case Unstarted() if not run.deleting:
                return Remove(run)
            case Unstarted():
                text = f"Job {run.job} is being removed"
                return Progress(run, Reason.WAITING_FOR_PREVIOUS_RUN, text, case.snapshot.now + _SOON)
            case Ended():
                pass
    return None


def is_at_work(case: Case) -> Decision | None:
    """The run of these inputs has not ended."""
    for run in case.snapshot.runs:
        match case.standing(run):
            case Started() if case.is_ours(run) and case.has_ended(run):
                continue
            case Started() if case.is_ours(run) and run.kind is Kind.INSPECT:
                return Inspecting(run)
            case Started(since) if case.is_ours(run):
                text = f"Job {run.job} {case.doing(run)}{_after_what(case, run)}"
                look = case.snapshot.now + pause_after(case.snapshot.now - since)
                return Progress(run, Reason.RUNNING, text, min(look, case.deadline(run) or look))
            case Unstarted(reason, message) if case.is_ours(run) and not case.is_remembered(run):
                waits = _not_started(case, run, reason, message)
                if run.kind is Kind.INSPECT and isinstance(waits, Progress):
                    return Inspecting(run, waits.check_at)
                return waits
    return None


def _not_started(case: Case, run: Run, reason: Reason, message: str) -> Decision:
    now, deadline = case.snapshot.now, case.deadline(run)
    if run.deleting:
        return Progress(run, reason, message)
    plan = case.goal.plan
    if case.is_held or (plan and held_back(case.migration, case.spec, plan)):
        return Remove(run)
    if deadline and now >= deadline and not (run.pod and run.pod.is_initializing):
        why = Reason.POD_NOT_STARTED if reason is Reason.STARTING else reason
        text = f"{message}; no container started within {case.spec.timeouts.start}"
        return Remove(run, Ended(why, Next.SLOWLY, text, now))
    soon = run.created_at + _FIRST_LOOK
    look = soon if now < soon else now + _LATER_LOOK
    return Progress(run, reason, message, min(deadline, look) if deadline and now < deadline else look)


def _after_what(case: Case, run: Run) -> str:
    """Why it is not the first try, as long as the Job before is there to tell."""
    series = [each for each in case.snapshot.runs if series_of(each.job) == series_of(run.job)]
    before = [each for each in series if each.attempt == run.attempt - 1]
    ended = state_of(before[0]) if before else None
    if not isinstance(ended, Ended) or ended.next is Next.DONE:
        return ""
    return f", try {run.attempt} after {ended.reason}: {ended.message}"
