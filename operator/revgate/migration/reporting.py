"""The report of a run: what it found and did, in the termination message, with the ledger's edges on stdout."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from revgate.contract.edges import digest_of, encode_edges
from revgate.contract.exits import Exit
from revgate.contract.reasons import Reason
from revgate.contract.report import MOST_PENDING, FloorAhead, Report, encode_report, room_in
from revgate.contract.serves import Edge, below
from revgate.contract.termination import termination_file
from revgate.migration.errors import Interrupted, MigrationError, TimedOut
from revgate.migration.findings import Findings
from revgate.migration.output.log import get_logger
from revgate.migration.project.graph import newest_first

_MOST_ACCEPTED: Final = 20


def success(reason: Reason, findings: Findings, edges: tuple[str, ...], rest: str = "") -> Report:
    """Return the report of a run that has nothing left to do, or stopped before a floor with this plan left."""
    report = _report(Exit.DONE, reason, _told(reason, findings), findings, edges)
    stop = findings.stopped_before
    return replace(report, floor=FloorAhead(stop, findings.edges[stop].floor, rest) if stop else None)


def failure(error: MigrationError, findings: Findings, edges: tuple[str, ...]) -> Report:
    """Return the report of a run that did not reach its target."""
    message = str(error)
    if isinstance(error, (Interrupted, TimedOut)) and findings.flight.revision:
        message = f"{message} during {findings.flight.name}; {_kept(findings)}"
    return _report(error.exit, error.reason, message, findings, edges, error.failed)


def edge_lines(findings: Findings) -> tuple[str, ...]:
    """Return the lines that tell the operator what the ledger knows; none without a ledger.

    Before a floor also those of what is about to be applied, without which nobody could say what the floor ends.
    """
    ahead: tuple[Edge, ...] = ()
    if findings.recorded and (stop := findings.stopped_before):
        edges = findings.edges
        unrecorded = (one for one in below([stop, edges[stop].floor], edges) if one not in findings.recorded)
        ahead = tuple(edges[one] for one in unrecorded if one in edges)
    return encode_edges((*ahead, *newest_first(findings.current, findings.recorded)))


def write_report(report: Report, environ: Mapping[str, str]) -> None:
    """Leave the report where the kubelet looks for it: in the named file, or in the usual one where that exists."""
    path = termination_file(environ)
    if path is None:
        return
    try:
        Path(path).write_text(encode_report(report, room_in(environ)), encoding="utf-8")
    except OSError as error:
        get_logger().warning("report_not_written", path=path, problem=str(error))


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
        again = ", and it may be run again from its beginning" if findings.flight.repeatable else ""
        return f"a part of it is committed{again}"
    if findings.read_again and findings.flight.revision in findings.pending:
        return "it was rolled back"
    return "whether it was committed could not be seen"


def _told(reason: Reason, findings: Findings) -> str:
    at = ", ".join(findings.current) or "no revision"
    if reason is Reason.DATABASE_AHEAD:
        return f"Database is at {at}, which includes {', '.join(findings.target)}, the target: nothing was run"
    if reason is Reason.PLANNED:
        return f"Database is at {at}: {_counted(len(findings.pending))} would be applied"
    if reason is Reason.DOWNGRADED:
        return f"Database is at {at}: {f'undid {_counted(len(findings.runs))}' if findings.runs else 'nothing to undo'}"
    if reason is Reason.WAITING_FOR_OLD_PODS:
        return f"Database is at {at}: {_stopped(findings)}"
    count, accepted = len(findings.runs), ", ".join(findings.accepted[:_MOST_ACCEPTED])
    done = f"applied {_counted(count)}" if count else "there was nothing to apply"
    notes = [f"; accepted as edited: {accepted}" if accepted else "", _linted(findings)]
    return f"Database is at {at}: {done}{''.join(notes)}"


def _stopped(findings: Findings) -> str:
    stop = findings.stopped_before
    done = f"applied {_counted(len(findings.runs))} and stopped" if findings.runs else "stopped"
    floor, left = findings.edges[stop].floor, _counted(len(findings.pending))
    return f"{done} before {stop}, which serves apps from {floor} on only; {left} to go{_linted(findings)}"


def _linted(findings: Findings) -> str:
    return f"; the linter found {findings.lint}, see the log" if findings.lint else ""


def _counted(count: int) -> str:
    return f"{count} revision{'' if count == 1 else 's'}"
