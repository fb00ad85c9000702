"""The course of a run, in the order that it is told.

connect → look at the project → observe → nothing to do: done
                                        → lock → observe again → ledger → apply → verify
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial

import psycopg
import sqlalchemy as sa
from psycopg import errors, sql

from revgate.contract.reasons import Reason
from revgate.migration.apply import Upgrade
from revgate.migration.blockers import watching
from revgate.migration.connect import PATIENCE, connect, connect_patiently
from revgate.migration.database import Database
from revgate.migration.errors import ConnectionLost, EnvironmentFailed, PermissionDenied, WrongDatabase
from revgate.migration.failures import Flight, meaning_of
from revgate.migration.findings import Findings
from revgate.migration.history import ensure_schema, read_heads
from revgate.migration.ledger import Ledger, create_ledger
from revgate.migration.ledger_rows import Provenance, read_edges, record_known
from revgate.migration.lock import HeldLock, locked
from revgate.migration.look import Project, look_at_project
from revgate.migration.observe import LedgerWish, View, observe
from revgate.migration.readers import grant
from revgate.migration.scripts import Scripts
from revgate.migration.session import (
    WHICH_SERVER,
    Patience,
    application_name,
    first_value,
    hold_for_long,
    is_lost,
    refuse_pooler,
    refuse_read_only,
    refuse_two_servers,
    revision_engine,
)
from revgate.migration.standing import Standing
from revgate.migration.target import pending_revisions
from revgate.migration.wording import first_line


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a run. Times in seconds."""

    database: Database
    scripts: Scripts
    target: str = "head"
    runner_timeout: float = 600.0
    patience: Patience = field(default_factory=Patience)
    connect_patience: float = PATIENCE
    ledger: LedgerWish = field(default_factory=LedgerWish)
    provenance: Provenance = field(default_factory=Provenance)
    checkpoint: Callable[[], None] = lambda: None  # called before each revision; raises to stop the run there

    def application(self, part: str = "") -> str:
        """Return the name of one of our sessions."""
        return application_name(self.provenance.job, part)


def migrate(request: Request, findings: Findings) -> Reason:
    """Bring the database to the target, noting in `findings` what is found, and say why it is there.

    Raises:
        MigrationError: the class says what to do next.
    """
    with closing(connect_patiently(request.database, request.application("lock"), request.connect_patience)) as control:
        try:
            refuse_pooler(control)
            with revision_engine(request.database, request.application(), request.patience) as engine:
                return _migrate(request, findings, control, engine)
        except (psycopg.Error, sa.exc.DBAPIError) as error:
            raise meaning_of(error, Flight()) from error
        except EnvironmentFailed as error:
            raise _environment_or_connection(error, control) from error


def _migrate(request: Request, findings: Findings, control: psycopg.Connection, engine: sa.Engine) -> Reason:
    hold_for_long(control)
    project = findings.project = look_at_project(request.scripts, request.target, engine)
    _take_role(control, project.role)
    view = observe(control, project, request.target, request.ledger, findings)
    if not view.is_settled:
        refuse_read_only(control)
        with locked(control, project.history, request.runner_timeout) as lock:
            view = observe(control, project, request.target, request.ledger, findings)
            _bring(request, findings, project, view, lock, engine)
    return Reason.DATABASE_AHEAD if view.standing is Standing.AHEAD else Reason.UP_TO_DATE


def _bring(
    request: Request, findings: Findings, project: Project, view: View, lock: HeldLock, engine: sa.Engine
) -> None:
    """Do what the view, seen under the lock, asks for."""
    if view.standing is Standing.BEHIND:
        ensure_schema(lock.connection, project.history)
    if request.ledger.enabled:
        findings.ledger = _complete_ledger(request, project, view, lock.connection)
    if view.standing is Standing.BEHIND:
        _apply(request, findings, project, view, lock, engine)
    if findings.ledger is not None:
        grant(lock.connection, findings.ledger, request.ledger.readers)  # now that the version table is there, too
        findings.recorded = read_edges(lock.connection, findings.ledger)


def _complete_ledger(request: Request, project: Project, view: View, control: psycopg.Connection) -> Ledger:
    """Make the ledger be there, and know what was applied without it."""
    try:
        ledger = create_ledger(control, project.history)
    except errors.InsufficientPrivilege as error:
        raise PermissionDenied(
            f"Ledger could not be created: {first_line(error)}; grant CREATE on the database or on schema "
            f"{project.history.schema} to this user, or switch the ledger off"
        ) from error
    known = project.revisions.known
    record_known(control, ledger, [known[revision] for revision in view.unrecorded], request.provenance)
    grant(control, ledger, request.ledger.readers)  # a reader who does not exist stops the run before it begins
    return ledger


def _apply(
    request: Request, findings: Findings, project: Project, view: View, lock: HeldLock, engine: sa.Engine
) -> None:
    """Apply what is pending and verify that the database is where this should have brought it."""
    watcher = partial(connect, request.database, request.application("watch"))
    with engine.connect() as scene, engine.connect() as connection:
        pid = int(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())
        here, there = lock.connection.execute(WHICH_SERVER), connection.exec_driver_sql(WHICH_SERVER)
        refuse_two_servers(tuple(here.fetchone() or ()), tuple(there.one()))
        connection.rollback()  # Alembic must find it in no transaction, or would leave committing to us
        with watching(pid, request.patience.lock, watcher) as watch:
            upgrade = Upgrade(
                project=project,
                heads=view.heads,
                pending=view.pending,
                lock=lock,
                ledger=findings.ledger,
                provenance=request.provenance,
                watch=watch,
                checkpoint=request.checkpoint,
                connection=connection,
            )
            try:
                upgrade.run(request.target, scene)
            finally:
                findings.flight = upgrade.flight
    _verify(findings, project, upgrade, lock.connection)


def _verify(findings: Findings, project: Project, upgrade: Upgrade, control: psycopg.Connection) -> None:
    """Read the version table once more, from a session that env.py never had.

    Raises:
        WrongDatabase: if it is not where it should be.
    """
    heads = read_heads(control, project.history)
    findings.see(heads)
    findings.applied = upgrade.pending
    if set(heads) != upgrade.expected:
        raise WrongDatabase(
            f"env.py ended without an error, but {project.history.place} of {project.history.database} is at "
            f"{', '.join(heads) or 'no revision'} and not at {', '.join(sorted(upgrade.expected)) or 'the target'}: "
            "look which database or transaction env.py uses"
        )
    findings.pending = pending_revisions(project.scripts.directory, heads, findings.target)
    if findings.pending:
        raise WrongDatabase(f"{', '.join(findings.pending)} is still pending after env.py ended without an error")


def _take_role(control: psycopg.Connection, role: str) -> None:
    """Be on the control session who env.py makes us: then the ledger has one owner."""
    if role != "none":
        control.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))


def _environment_or_connection(
    error: EnvironmentFailed, control: psycopg.Connection
) -> EnvironmentFailed | ConnectionLost:
    """Return what to make of an env.py that failed: when the server is gone, that is the reason."""
    try:
        if not is_lost(control):
            first_value(control, "SELECT 1")
    except psycopg.Error:
        pass
    else:
        if not is_lost(control):
            return error
    return ConnectionLost(f"The server ended our sessions while env.py ran: {error}")
