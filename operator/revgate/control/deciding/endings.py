"""Where a run stands, read from its Job, its pod and its report.

Unstarted ──container starts──> Started ──container ends──> Ended ──> done | again | slowly | human
    └───────────────── the pod vanished, was evicted or could not start ──────────────┘

With hooks, the first of them starts a run and the last one ends it. In between it is Unstarted again when the next
container cannot start: nothing is at work then.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from revgate.contract import names
from revgate.contract.exits import EXIT_TABLE, Next
from revgate.contract.reasons import Reason
from revgate.contract.report import Report
from revgate.control.observing.pod_reading import USUAL
from revgate.control.observing.snapshot import Hook, Pod, Run, Terminated, Waiting


@dataclass(frozen=True, slots=True)
class Unstarted:
    """The container whose turn it is has not started, so nothing is at work and the run may be superseded."""

    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class Started:
    """The runner, or a hook, may be at work: it is waited for, whatever changes in the spec."""

    since: datetime
    hook: Hook | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """The run is over. `reason` is a Reason, or what an operator of another version recorded."""

    reason: str
    next: Next
    message: str
    finished_at: datetime
    report: Report | None = None


_NOT_PULLED: Final = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError")
_COULD_NOT_START: Final = ("StartError", "ContainerCannotRun")
_KILLED: Final = (137, 143)
_BEFORE: Final = "before the migration, which did not run"
_AFTER: Final = "after the migration, whose revisions are applied"
_SECRET: Final = re.compile(r'secrets? "([^"]+)" not found')
_KEY: Final = re.compile(r"couldn't find key (\S+) in Secret \S+?/(\S+)")


def state_of(run: Run) -> Unstarted | Started | Ended:  # noqa: PLR0911 - one answer a state
    """Say where a run stands."""
    pod = run.pod
    if pod and pod.is_told:
        return _told(run, pod)
    if pod and pod.failed_init and not pod.evicted:
        return _init_failed(pod, pod.failed_init)
    if run.finished_at or (pod and pod.gone):
        return _lost(run, run.finished_at or run.created_at)
    is_held_up = pod is not None and pod.waiting is not None and pod.waiting.reason not in USUAL
    if pod and pod.started_at and not is_held_up:
        return Started(pod.started_at, pod.hook)
    if pod and pod.waiting and is_held_up:
        return _not_started(pod, pod.waiting)
    if run.note:
        return Unstarted(Reason.POD_NOT_CREATED, f"Pod of Job {run.job} was not created: {run.note}")
    return Unstarted(Reason.STARTING, starting(run.job))


def doing(hook: Hook) -> str:
    """Say of a run that it is a hook's turn."""
    return f"is at hook {hook.name}{f', {_AFTER}' if hook.is_after else ''}"


def starting(job: str) -> str:
    """Return the one message for all that is usual before a container runs: each other text would be a write."""
    return f"Waiting for Job {job} to start its container"


def _told(run: Run, pod: Pod) -> Ended:
    """The migration's end is the run's, unless a hook failed before it, or after it had succeeded."""
    hook, end = pod.hook, pod.terminated
    succeeded = run.report is not None and run.report.exit == 0
    if hook and hook.terminated and (succeeded or not hook.is_after):
        return _hook_failed(run, pod, hook, hook.terminated)
    assert end is not None
    return _ended(run, pod, end)


def _hook_failed(run: Run, pod: Pod, hook: Hook, end: Terminated) -> Ended:
    """Never with a word of the hook's own: only what the runner wrote is known to hold no password."""
    at = end.finished_at or run.finished_at or run.created_at
    name, since = f"Hook {hook.name} of pod {pod.name}", _AFTER if hook.is_after else _BEFORE
    ended = Ended(Reason.HOOK_FAILED, Next.COUNTED, "", at, run.report)
    if end.reason == "OOMKilled":
        return replace(_out_of_memory(run, at, f"Hook {hook.name}", hook.name), report=run.report)
    if end.reason in _COULD_NOT_START:
        text = f"{name} could not start ({_one_line(end.message)}) {since}; mend its command or its image"
        return replace(ended, reason=Reason.IMAGE_NOT_RUNNABLE, next=Next.HUMAN, message=text)
    if pod.evicted:
        text = f"{name} was evicted {since}: {pod.evicted}"
        return replace(ended, reason=Reason.EVICTED, next=Next.AGAIN, message=text)
    if end.exit_code in _KILLED:
        return replace(ended, reason=Reason.KILLED, message=f"{name} was killed {since}")
    hint = f"read its log: kubectl logs {pod.name} -c {hook.name}"
    return replace(ended, message=f"{name} exited {end.exit_code} {since}; {hint}")


def _ended(run: Run, pod: Pod, end: Terminated) -> Ended:
    at = pod.ended_at or end.finished_at or run.finished_at or run.created_at
    if run.report:
        return _reported(run.report, at, pod.evicted)
    if end.reason == "OOMKilled":
        return _out_of_memory(run, at)
    if end.reason in _COULD_NOT_START:
        return Ended(Reason.IMAGE_NOT_RUNNABLE, Next.HUMAN, _not_runnable(end.message), at)
    if pod.evicted:
        return Ended(Reason.EVICTED, Next.AGAIN, f"Pod {pod.name} was evicted: {pod.evicted}", at)
    if end.exit_code in _KILLED:
        return Ended(Reason.KILLED, Next.COUNTED, f"Pod {pod.name} was killed before it could report", at)
    hint = f"Pod {pod.name} exited {end.exit_code} without a report; read its log: kubectl logs {pod.name}"
    return Ended(Reason.NO_REPORT, Next.HUMAN, hint, at)


def _init_failed(pod: Pod, end: Terminated) -> Ended:
    """An init container of the user's template failed, so ours never ran."""
    what = f"Init container {end.reason} of pod {pod.name} exited {end.exit_code}"
    hint = f"read its log: kubectl logs {pod.name} -c {end.reason}"
    return Ended(Reason.INIT_FAILED, Next.COUNTED, f"{what}; {hint}", end.finished_at or pod.created_at)


def _reported(report: Report, at: datetime, evicted: str) -> Ended:
    ending = EXIT_TABLE.get(report.exit)
    if ending is None:
        return Ended(Reason.NO_REPORT, Next.HUMAN, f"Runner exited {report.exit}: {report.message}", at, report)
    ended = Ended(report.reason, ending.next, report.message, at, report)
    if evicted and report.reason is Reason.INTERRUPTED:
        return replace(ended, reason=Reason.EVICTED, message=f"Pod was evicted: {evicted}; {report.message}")
    return ended


def _out_of_memory(run: Run, at: datetime, who: str = "Runner", container: str = names.CONTAINER) -> Ended:
    """Once may be bad luck on a full node; the second time the limit is too low."""
    what = f"{who} ran out of memory"
    if run.failures == 0:
        return Ended(Reason.OUT_OF_MEMORY, Next.COUNTED, f"{what}; it is tried once more", at)
    raise_it = f"raise resources.limits.memory of the container {container} in spec.job.template"
    return Ended(Reason.OUT_OF_MEMORY, Next.HUMAN, f"{what} again; {raise_it}", at)


def _lost(run: Run, at: datetime) -> Ended:
    """Say so of a run that ended unseen, in the middle of a hook perhaps."""
    report = run.report
    since = f" {_AFTER}" if report and report.exit == 0 else ""
    if run.pod and run.pod.evicted:
        text = f"Pod of Job {run.job} was evicted{since}: {run.pod.evicted}"
        return Ended(Reason.EVICTED, Next.AGAIN, text, at, report)
    text = f"Pod of Job {run.job} is gone and left no report; the database is read again"
    return Ended(Reason.POD_LOST, Next.AGAIN, f"Pod of Job {run.job} is gone{since}" if since else text, at, report)


def _not_runnable(said: str) -> str:
    advice = "build the image FROM the revgate runner image, or install revgate in it"
    return f"Container could not start ({_one_line(said)}); {advice}"


def _not_started(pod: Pod, waiting: Waiting) -> Unstarted:
    found = _why_not_started(waiting)
    since = f"; it waits {_AFTER}" if pod.hook and pod.hook.is_after else ""
    return replace(found, message=found.message + since)


def _why_not_started(waiting: Waiting) -> Unstarted:
    said = _one_line(waiting.message)
    if waiting.reason in _NOT_PULLED:
        what, where = ("Image", "spec.image") if not waiting.hook else (f"Image of hook {waiting.hook}", "spec.hooks")
        return Unstarted(Reason.IMAGE_PULL_FAILED, f"{what} could not be pulled: {said}; push it or mend {where}")
    if waiting.reason == "Unschedulable":
        return Unstarted(Reason.UNSCHEDULABLE, f"Pod could not be scheduled: {said}")
    if found := _SECRET.search(waiting.message):
        return Unstarted(Reason.SECRET_NOT_FOUND, f"Secret {found[1]} was not found; create it, the run then starts")
    if found := _KEY.search(waiting.message):
        advice = "add it, the run then starts"
        return Unstarted(Reason.SECRET_KEY_NOT_FOUND, f"Key {found[1]} was not found in Secret {found[2]}; {advice}")
    who = f"Hook {waiting.hook}" if waiting.hook else "Container"
    return Unstarted(Reason.POD_NOT_STARTED, f"{who} could not start: {waiting.reason}: {said}")


def _one_line(text: str) -> str:
    return " ".join(text.split())[:400]
