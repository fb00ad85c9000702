"""The course of an upgrade, in the order that it is told.

connect → look at the project → observe → nothing to do: done
                                        → lock → observe again → ledger → apply → verify
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from revgate.contract.reasons import Reason
from revgate.migration.apply import Application, Task
from revgate.migration.database import Database, Lock, Sessions, Visit
from revgate.migration.disagreement import claims, refuse_edited, warn_of_edited
from revgate.migration.environment.environment import stage
from revgate.migration.errors import Conflict, LockTimeout, WrongDatabase
from revgate.migration.findings import Findings
from revgate.migration.floors import Floors
from revgate.migration.hooks import Hooks
from revgate.migration.ledger import LedgerWish, Provenance
from revgate.migration.ledger_writer import LedgerWriter
from revgate.migration.look import Look, Project, look_at_project
from revgate.migration.observe import View, observe
from revgate.migration.output.log import get_logger
from revgate.migration.patience import Patience
from revgate.migration.place import Place
from revgate.migration.project.scripts import Scripts
from revgate.migration.project.target import pending_revisions, resolve_target
from revgate.migration.standing import Standing
from revgate.migration.stopping import pause
from revgate.migration.writing_heads import write_heads

_FIRST_RETRY: Final = 0.5
_LONGEST_RETRY: Final = 10.0


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a run, whichever way it goes."""

    database: Database
    scripts: Scripts
    patience: Patience = field(default_factory=Patience)
    lock_retries: int = 0  # how often a revision that met a lock timeout is tried again at once
    ledger: LedgerWish = field(default_factory=LedgerWish)
    provenance: Provenance = field(default_factory=Provenance)
    hooks: Hooks = field(default_factory=Hooks)
    look: Look = look_at_project
    review: Callable[[Place, View], None] = lambda *_: None  # of what is pending, under the lock; raises to stop there
    floors: Floors | None = None  # those that somebody waits at; None: nobody does
    baseline: str = ""  # where a database is that has tables and no revision
    checkpoint: Callable[[], None] = lambda: None  # called before each revision; raises to stop the run there

    def visit(self, *, reads_only: bool = False) -> Visit:
        """Return on what terms the database is visited; a question is asked once: a probe cannot wait for a server."""
        patience = replace(self.patience, connect=0.0) if reads_only else self.patience
        return Visit(patience, self.provenance.job, reads_only)


def migrate(request: Request, target: str, findings: Findings) -> Reason:
    """Bring the database to the target, noting in `findings` what is found, and say why it is there.

    Raises:
        MigrationError: the class says what to do next.
    """
    with request.database.open(request.visit()) as sessions:
        project = findings.project = request.look(request.scripts, target, sessions)
        if request.baseline:
            resolve_target(
                request.baseline, project.revisions, project.scripts.directory
            )  # a wrong one, always refused
        view = _observe(request, sessions, project, target, findings)
        if not view.is_settled:
            with held(sessions, project, findings) as lock:
                view = _observe(request, sessions, project, target, findings)
                _bring(request, target, findings, view, Place(sessions, project, lock))
            if findings.runs:
                request.hooks.after_upgrade(findings.current)
    if findings.stopped_before:
        return Reason.WAITING_FOR_OLD_PODS
    return Reason.DATABASE_AHEAD if view.standing is Standing.AHEAD else Reason.UP_TO_DATE


def _observe(request: Request, sessions: Sessions, project: Project, target: str, findings: Findings) -> View:
    """Look, and refuse to go on where the ledger disagrees with the files or with who we are."""
    view = observe(sessions, project, target, request.ledger, findings)
    known = project.revisions.known
    refuse_edited(view.disputed, known, findings.rows, request.ledger.edited)
    warn_of_edited(tuple(set(view.edited) - set(view.disputed)), known, "an older image has older files")
    return replace(view, claims=claims(findings.rows, project.history, request.provenance))


@contextmanager
def held(sessions: Sessions, project: Project, findings: Findings) -> Iterator[Lock]:
    """Hold the lock of the project's history, and note how long another runner was waited for."""
    began = time.monotonic()
    with sessions.locked(project.history) as lock:
        findings.lock_wait = time.monotonic() - began
        yield lock


def _bring(request: Request, target: str, findings: Findings, view: View, place: Place) -> None:
    """Do what the view, seen under the lock, asks for."""
    begins = request.baseline and not view.heads and place.sessions.has_tables(place.project.history)
    if begins:
        view = _begin_at_baseline(request, target, findings, place)
    behind = view.standing is Standing.BEHIND
    if behind:
        request.review(place, view)
        if not begins:
            request.hooks.before_upgrade(view.heads, view.pending)
        place.lock.ensure_schema()
    ledger = _agreeing_ledger(request, place, findings, view) if request.ledger.enabled else None
    findings.has_ledger = ledger is not None
    if behind:
        _upgrade(request, target, findings, view, place, ledger)
    if ledger is not None:
        ledger.ledger.grant(request.ledger.readers)  # now that the version table is there, too
        findings.recorded = ledger.ledger.edges()


def _begin_at_baseline(request: Request, target: str, findings: Findings, place: Place) -> View:
    """Write down where a database is that was made without Alembic, and look again."""
    directory = place.project.scripts.directory
    heads = resolve_target(request.baseline, place.project.revisions, directory)
    if pending := pending_revisions(directory, heads, findings.target):
        request.hooks.before_upgrade(heads, pending)  # who stops the run here wants to find nothing written
    place.lock.ensure_schema()
    write_heads(place, target, heads)
    get_logger().info("baseline_stamped", revisions=list(heads), place=place.project.history.place)
    return _observe(request, place.sessions, place.project, target, findings)


def _agreeing_ledger(request: Request, place: Place, findings: Findings, view: View) -> LedgerWriter:
    """Let the ledger agree with a view that was not refused."""
    accepted = findings.accepted = view.disputed
    warn_of_edited(accepted, place.project.revisions.known, "it was accepted")
    return completed_ledger(request, place, findings, view.unrecorded, accepted, claims=view.claims)


def completed_ledger(
    request: Request,
    place: Place,
    findings: Findings,
    unrecorded: Sequence[str] = (),
    accepted: Sequence[str] = (),
    *,
    claims: bool = False,
) -> LedgerWriter:
    """Make the ledger be there, and know what was applied without it."""
    known = place.project.revisions.known
    writer = LedgerWriter(place.lock.create_ledger(), request.provenance, findings.rows)
    writer.complete([known[one] for one in unrecorded], [known[one] for one in accepted], claims=claims)
    writer.ledger.grant(request.ledger.readers)  # a reader who does not exist stops the run before it begins
    return writer


def _upgrade(
    request: Request, target: str, findings: Findings, view: View, place: Place, ledger: LedgerWriter | None
) -> None:
    """Apply what is pending; after a lock timeout what is left of it, for completed revisions stay."""
    tries = _Tries(request.lock_retries)
    while pending := _allowed(request, findings, view):
        try:
            apply(request, Task(view.heads, pending, target), findings, place, ledger)
        except (LockTimeout, Conflict) as error:
            if findings.flight.gave_up:  # whoever is idle in a transaction has been waited for
                raise
            tries.wait_for_next(error)
            view = observe(place.sessions, place.project, target, request.ledger, findings)
        else:
            break
    _verify_pending(request, findings, place, left=set(view.pending) - set(pending))


def _allowed(request: Request, findings: Findings, view: View) -> tuple[str, ...]:
    """Return what of the pending revisions may be applied now."""
    floors = request.floors
    return floors.allowed(view.pending, view.heads, findings.edges) if floors else view.pending


def apply(request: Request, task: Task, findings: Findings, place: Place, ledger: LedgerWriter | None) -> None:
    """Go through the revisions of a task and verify that the database is where that should have brought it."""
    sessions = place.sessions
    with (
        stage(sessions.engine) as (scene, connection),
        sessions.watching(connection) as watch,
        sessions.hastened(connection, len(task.revisions)) as closing,
    ):
        application = Application(
            project=place.project,
            task=task,
            lock=place.lock,
            heads_now=place.heads,
            ledger=ledger,
            watch=watch,
            checkpoint=request.checkpoint,
            hooks=request.hooks,
            connection=connection,
            closing=closing,
        )
        try:
            place.lock.extend_to(connection)
            application.run(scene)
        finally:
            findings.flight = application.flight
            findings.runs += application.runs
            if application.runs:
                findings.see(application.reached)
    _verify(findings, application.expected, place)


def _verify(findings: Findings, expected: set[str], place: Place) -> None:
    """Read the version table once more.

    Raises:
        WrongDatabase: if it is not where it should be.
    """
    heads, history = place.heads(), place.project.history
    findings.see(heads)
    if set(heads) != expected:
        raise WrongDatabase(
            f"env.py ended without an error, but {history.place} of {history.database} is at "
            f"{', '.join(heads) or 'no revision'} and not at {', '.join(sorted(expected)) or 'the target'}: "
            "look which database or transaction env.py uses"
        )


def _verify_pending(request: Request, findings: Findings, place: Place, left: set[str]) -> None:
    """Read what is pending once more; only what was left on purpose may be, and its order may be another one."""
    findings.pending = pending_revisions(place.project.scripts.directory, findings.current, findings.target)
    if more := [one for one in findings.pending if one not in left]:
        raise WrongDatabase(f"{', '.join(more)} is still pending after env.py ended without an error")
    if request.floors and left:
        findings.stopped_before = request.floors.stop(findings.pending, findings.current, findings.edges)


class _Tries:
    """How often a revision was tried that others kept from its locks, with a growing delay in between."""

    def __init__(self, retries: int) -> None:
        self._retries = retries
        self._failed = ""
        self._begin()

    def _begin(self) -> None:
        self._count, self._delay, self._began = 0, _FIRST_RETRY, time.monotonic()

    def wait_for_next(self, error: LockTimeout | Conflict) -> None:
        """Wait before another try of the revision that failed, which begins to count with the first.

        Raises:
            MigrationError: what it was given, when it is time to give up, or no revision was under way.
        """
        if not error.failed:
            raise error
        if error.failed != self._failed:
            self._failed = error.failed
            self._begin()
        if not self._retries:
            raise error
        if self._count == self._retries:
            tried = f"it was tried {self._count + 1} times in {time.monotonic() - self._began:.0f} s"
            raise type(error)(f"{error}; {tried}", error.failed) from error
        delay = self._delay * random.uniform(0.5, 1.5)  # noqa: S311  spreads runners, guards nothing
        self._count, self._delay = self._count + 1, min(self._delay * 2, _LONGEST_RETRY)
        get_logger().info("revision_retried", problem=str(error), seconds=round(delay, 1), retry=self._count)
        pause(delay)
