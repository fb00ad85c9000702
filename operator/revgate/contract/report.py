"""The report: what a runner leaves in the termination message for the operator.

The kubelet keeps the last 4,096 bytes of a message and cuts it further when a pod has many containers, so a report
stays below 1,500 bytes, and is JSON whose end shows whether it is whole.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from revgate.contract.exits import EXIT_TABLE
from revgate.contract.reasons import Reason

MOST_BYTES: Final = 1500
MOST_PENDING: Final = 20
_LENGTHS: Final = (1000, 800, 600, 400, 300, 200, 100, 50, 20)
_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Report:
    """What a run found and did. Revisions are full ids; heads are sorted."""

    exit: int
    reason: Reason
    message: str
    before: tuple[str, ...] = ()
    current: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()  # in apply order, at most 20
    pending_count: int = 0
    failed: str = ""
    edges: str = ""  # sha256 of the edges' lines in the log; "" when there are none
    plan: str = ""  # sha256 of the plan's lines in the log; "" when none was asked for
    read: bool = False  # the version table was read: before, current, target and pending mean something


def encode_report(report: Report) -> str:
    """Return the report as JSON of at most 1,500 bytes; what does not fit is cut, the most important last."""
    texts = (_dump(each) for each in _ever_shorter(replace(report, pending=report.pending[:MOST_PENDING])))
    return next(text for text in texts if len(text.encode()) <= MOST_BYTES)


def _ever_shorter(report: Report) -> Iterator[Report]:
    """First pending revisions and the end of the message go; then the heads, whole, and with them `read`."""
    bare = replace(report, before=(), current=(), target=(), pending=(), failed=report.failed[:64], read=False)
    for whole in (report, bare):
        for length in (len(report.message), *_LENGTHS):
            for count in (MOST_PENDING, 10, 5, 0):
                yield replace(whole, message=_cut(report.message, length), pending=whole.pending[:count])


def decode_report(text: str) -> Report | None:
    """Return the report in a termination message, or None when it is missing, cut or not ours."""
    try:
        fields = json.loads(text)
        if not isinstance(fields, Mapping) or fields.get("revgate") != _VERSION:
            return None
        return Report(
            exit=int(fields["exit"]),
            reason=_reason(fields["reason"], int(fields["exit"])),
            message=str(fields["message"]),
            before=_ids(fields["before"]),
            current=_ids(fields["current"]),
            target=_ids(fields["target"]),
            pending=_ids(fields["pending"]),
            pending_count=int(fields["pendingCount"]),
            failed=str(fields["failed"]),
            edges=str(fields["edges"]),
            plan=str(fields.get("plan", "")),  # runners of before wrote none
            read=bool(fields["read"]),
        )
    except (ValueError, KeyError, TypeError):
        return None


def _dump(report: Report) -> str:
    fields = {
        "revgate": _VERSION,
        "exit": report.exit,
        "reason": report.reason.value,
        "message": report.message,
        "read": report.read,
        "before": report.before,
        "current": report.current,
        "target": report.target,
        "pendingCount": report.pending_count,
        "failed": report.failed,
        "edges": report.edges,
        **({"plan": report.plan} if report.plan else {}),
        "pending": report.pending,
    }
    text = json.dumps(fields, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "replace").decode()  # half a surrogate pair, from a name of bytes, has no UTF-8


def _reason(value: object, code: int) -> Reason:
    """Return the reason, or what the exit code says alone: a newer runner may have a finer word for it."""
    if not isinstance(value, str):
        raise TypeError("a reason was expected")
    try:
        return Reason(value)
    except ValueError:
        return EXIT_TABLE[code].reason


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[:length] + "..."


def _ids(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError("a list of revisions was expected")
    return tuple(str(item) for item in value)
