"""Where a migration is, for a person: one in detail, or many in a table. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from revgate.cli.kubectl.facts import Fact, fact_lines
from revgate.cli.kubectl.history_text import history_lines
from revgate.cli.kubectl.migration import Migration, Revisions, Run
from revgate.cli.kubectl.moments import ago, length, written
from revgate.cli.kubectl.next_step import next_step
from revgate.cli.kubectl.paint import Colour, Paint
from revgate.cli.kubectl.table import Cell, Column, table

_MOST_RUNS: Final = 3
_MOST_PENDING: Final = 5

_COLUMNS: Final = (
    Column("NAMESPACE"),
    Column("NAME"),
    Column("READY"),
    Column("REASON", 16, 12),
    Column("CURRENT", 14, 8),
    Column("TARGET", 14, 8),
    Column("PENDING"),
    Column("NEXT", 24, 0),
)


def status_lines(migration: Migration, now: datetime, width: int, paint: Paint) -> list[str]:
    """Return all about one migration."""
    facts = [*_ready(migration), *_database(migration, now), *_run(migration, now)]
    lines = fact_lines([*facts, ("Next", str(next_step(migration, now)), Colour.PLAIN)], width, paint)
    if not migration.history:
        return lines
    return [*lines, "", *history_lines(migration.history[:_MOST_RUNS], now, width, paint)]


def table_lines(
    migrations: Sequence[Migration], now: datetime, width: int, paint: Paint, *, everywhere: bool
) -> list[str]:
    """Return a table of migrations."""
    rows = [_row(migration, now) for migration in migrations]
    skip = 0 if everywhere else 1
    return table(_COLUMNS[skip:], [row[skip:] for row in rows], width, paint)


def status_json(migration: Migration, now: datetime) -> dict[str, Any]:
    """Return where a migration is, for a program."""
    return {
        "namespace": migration.namespace,
        "name": migration.name,
        "ready": migration.ready.status,
        "stalled": migration.is_stalled,
        "reason": migration.ready.reason,
        "message": migration.ready.message,
        "observed": migration.is_seen,
        "suspended": migration.is_suspended,
        "current": list(migration.current),
        "target": list(migration.target),
        "pending": list(migration.pending),
        "pendingCount": migration.pending_count,
        "floor": migration.floor,
        "image": migration.image,
        "plan": migration.plan,
        "job": migration.run.job if migration.run else "",
        "drifted": migration.drift.is_detected if migration.drift else None,
        "nextRetryTime": written(migration.next_retry) if migration.next_retry else None,
        "next": str(next_step(migration, now)),
    }


def colour_of(migration: Migration) -> Colour:
    """Return what a glance should tell: fine, at it, or a person must act."""
    if migration.is_stalled:
        return Colour.BAD
    return Colour.GOOD if migration.ready.status == "True" and migration.is_seen else Colour.WAITING


def revisions(ids: Revisions) -> str:
    """Return revisions for a person; a database that was never migrated has none."""
    return ", ".join(ids) or "-"


def _ready(migration: Migration) -> list[Fact]:
    state = f"{migration.ready.status}, {migration.ready.reason}{', suspended' if migration.is_suspended else ''}"
    message = migration.ready.message
    return [
        ("Migration", f"{migration.namespace}/{migration.name}", Colour.TITLE),
        ("Ready", state, colour_of(migration)),
        ("", message, Colour.PLAIN),
        ("", "" if migration.is_seen else "That is about an earlier spec", Colour.WAITING),
    ]


def _database(migration: Migration, now: datetime) -> list[Fact]:
    if migration.observed_at is None:
        return [("Current", "No run has read the database yet", Colour.PLAIN)]
    read = f" (read {ago(migration.observed_at, now)} by Job {migration.observed_by or 'unknown'})"
    return [
        ("Current", revisions(migration.current) + read, Colour.PLAIN),
        ("Target", revisions(migration.target), Colour.PLAIN),
        ("Pending", _pending(migration), Colour.PLAIN),
        (
            "Floor",
            f"{migration.floor}: apps that require something older are held" if migration.floor else "",
            Colour.PLAIN,
        ),
        ("Image", migration.image, Colour.PLAIN),
        ("Drift", *_drift(migration, now)),
        ("Plan", migration.plan, Colour.PLAIN),
    ]


def _pending(migration: Migration) -> str:
    count = migration.pending_count or 0
    shown = ", ".join(migration.pending[:_MOST_PENDING])
    more = ", ..." if count > min(len(migration.pending), _MOST_PENDING) else ""
    return f"{count}: {shown}{more}" if shown else str(count)


def _drift(migration: Migration, now: datetime) -> tuple[str, Colour]:
    """Return what the last look for drift saw; empty when nobody looks for it."""
    drift = migration.drift
    if drift is None or drift.checked_at is None:
        return "", Colour.PLAIN
    seen = drift.message or ("The database is not where it was brought" if drift.is_detected else "None")
    return f"{seen} (looked {ago(drift.checked_at, now)})", Colour.BAD if drift.is_detected else Colour.PLAIN


def _run(migration: Migration, now: datetime) -> list[Fact]:
    run = migration.run
    return [("Run", f"Job {run.job}, try {run.attempt}, {_stands(run, now)}", Colour.PLAIN)] if run else []


def _stands(run: Run, now: datetime) -> str:
    match run.state:
        case "Finished" if run.finished_at and run.started_at:
            took = length((run.finished_at - run.started_at).total_seconds())
            return f"{run.reason} {ago(run.finished_at, now)} after {took}"
        case "Finished":
            return f"{run.reason}{' ' + ago(run.finished_at, now) if run.finished_at else ''}"
        case "Started" if run.started_at:
            return f"at work since {length((now - run.started_at).total_seconds())}"
        case _:
            return "its container has not started"


def _row(migration: Migration, now: datetime) -> tuple[Cell, ...]:
    colour = colour_of(migration)
    pending = "-" if migration.pending_count is None else str(migration.pending_count)
    return (
        Cell(migration.namespace),
        Cell(migration.name),
        Cell(migration.ready.status, colour),
        Cell(migration.ready.reason, colour),
        Cell(revisions(migration.current)),
        Cell(revisions(migration.target)),
        Cell(pending),
        Cell(next_step(migration, now).what),
    )
