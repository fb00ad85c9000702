"""The finished runs of a migration, for a person and for a program. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from revgate.cli.kubectl.migration import Past
from revgate.cli.kubectl.moments import ago, length, written
from revgate.cli.kubectl.paint import Colour, Paint
from revgate.cli.kubectl.table import Cell, Column, table

_COLUMNS: Final = (
    Column("FINISHED"),
    Column("OUTCOME"),
    Column("REASON", 16, 12),
    Column("FROM", 14, 8),
    Column("TO", 14, 8),
    Column("TOOK"),
    Column("JOB", 20, 0),
    Column("IMAGE", 30, 0),
)


def history_lines(runs: Sequence[Past], now: datetime, width: int, paint: Paint) -> list[str]:
    """Return a table of runs, newest first."""
    return table(_COLUMNS, [_row(run, now) for run in runs], width, paint)


def history_json(runs: Sequence[Past]) -> list[dict[str, Any]]:
    """Return the runs, newest first, with everything that is known."""
    return [
        {
            "job": run.job,
            "outcome": run.outcome,
            "reason": run.reason,
            "from": list(run.before),
            "to": list(run.after),
            "image": run.image,
            "plan": run.plan,
            "startedAt": written(run.started_at) if run.started_at else None,
            "finishedAt": written(run.finished_at) if run.finished_at else None,
        }
        for run in runs
    ]


def _row(run: Past, now: datetime) -> tuple[Cell, ...]:
    took = (run.finished_at - run.started_at).total_seconds() if run.finished_at and run.started_at else None
    return (
        Cell(ago(run.finished_at, now) if run.finished_at else "-"),
        Cell(run.outcome, Colour.GOOD if run.outcome == "Succeeded" else Colour.BAD),
        Cell(run.reason),
        Cell(", ".join(run.before) or "-"),
        Cell(", ".join(run.after) or "-"),
        Cell("-" if took is None else length(took)),
        Cell(run.job),
        Cell(run.image or "-"),
    )
