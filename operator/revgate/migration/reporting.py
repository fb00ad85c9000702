"""The report of a run: what it found and did, in the termination message, with the ledger's edges on stdout."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from revgate.contract import names
from revgate.contract.edges import digest_of, encode_edges
from revgate.contract.exits import Exit
from revgate.contract.reasons import Reason
from revgate.contract.report import MOST_PENDING, Report, encode_report
from revgate.migration.errors import Interrupted, MigrationError, TimedOut
from revgate.migration.findings import Findings
from revgate.migration.output.log import get_logger
from revgate.migration.project.graph import newest_first

_MOST_ACCEPTED: Final = 20


def success(reason: Reason, findings: Findings, edges: tuple[str, ...]) -> Report:
    """Return the report of a run that has nothing left to do."""
    return _report(Exit.DONE, reason, _told(reason, findings), findings, edges)


def failure(error: MigrationError, findings: Findings, edges: tuple[str, ...]) -> Report:
    """Return the report of a run that did not reach its target."""
    message = str(error)
    if isinstance(error, (Interrupted, TimedOut)) and findings.flight.revision:
        message = f"{message} during {findings.flight.name}; {_kept(findings)}"
    return _report(error.exit, error.reason, message, findings, edges, error.failed)


def edge_lines(findings: Findings) -> tuple[str, ...]:
    """Return the lines that tell the operator what the ledger knows; none without a ledger."""
    return encode_edges(newest_first(findings.current, findings.recorded))


def write_report(report: Report, environ: Mapping[str, str]) -> None:
    """Leave the report where the kubelet looks for it: in the named file, or in the usual one where that exists."""
    named = environ.get(names.TERMINATION_MESSAGE, "")
    path = Path(named or names.TERMINATION_MESSAGE_PATH)
    if not named and not (path.exists() and os.access(path, os.W_OK)):
        return
    try:
        path.write_text(encode_report(report), encoding="utf-8")
    except OSError as error:
        get_logger().warning("report_not_written", path=str(path), problem=str(error))


def _report(
    code: Exit, reason: Reason, message: str, findings: Findings, edges: tuple[str, ...], failed: str = ""
) -> Report:
    return Report(
        exit=int(code),
        reason=reason,
        message=message,
        before=findings.before,
        current=findings.current,
        target=findings.target,
        pending=findings.pending[:MOST_PENDING],
        pending_count=len(findings.pending),
        failed=failed,
        edges=digest_of(edges) if edges else "",
        read=findings.read,
    )


def _kept(findings: Findings) -> str:
    """Return what stays of the revision in flight: a signal may come while the server commits."""
    if findings.read_again and findings.flight.revision in findings.current:
        return "it was committed"
    if findings.flight.committed:
        return "a part of it is committed"
    if findings.read_again and findings.flight.revision in findings.pending:
        return "it was rolled back"
    return "whether it was committed could not be seen"


def _told(reason: Reason, findings: Findings) -> str:
    at = ", ".join(findings.current) or "no revision"
    if reason is Reason.DATABASE_AHEAD:
        return f"Database is at {at}, which includes {', '.join(findings.target)}, the target: nothing was run"
    count, accepted = len(findings.runs), ", ".join(findings.accepted[:_MOST_ACCEPTED])
    done = f"applied {count} revision{'s' if count > 1 else ''}" if count else "there was nothing to apply"
    return f"Database is at {at}: {done}{f'; accepted as edited: {accepted}' if accepted else ''}"
