"""The report: what a runner leaves in the termination message for the operator.

The kubelet keeps the last 4,096 bytes of a message and cuts it further when a pod has many containers, so a report
stays below 1,500 bytes, and is JSON whose end shows whether it is whole.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from revgate.contract import names
from revgate.contract.exits import EXIT_TABLE
from revgate.contract.reasons import Reason

MOST_BYTES: Final = 1500
MOST_PENDING: Final = 20
_LENGTHS: Final = (1000, 800, 600, 400, 300, 200, 100, 50, 20)
_VERSION: Final = 1
_MOST_COUNTED: Final = 10**9


@dataclass(frozen=True, slots=True)
class FloorAhead:
    """The pending revision that an upgrade stopped before, because it ends apps that are served until then.

    Its edge is in the log with those of the ledger, and so is what else is needed to say which apps these are. `rest`
    is the identity of the plan that is left, where the run carried out an approved one.
    """

    revision: str
    floor: str
    rest: str = ""


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
    floor: FloorAhead | None = None  # what it stopped before
    read: bool = False  # the version table was read: before, current, target and pending mean something


def encode_report(report: Report, room: int = MOST_BYTES) -> str:
    """Return the report as JSON; what does not fit into `room` bytes is cut, the most important last."""
    text = ""
    for each in _ever_shorter(replace(report, pending=report.pending[:MOST_PENDING])):
        text = _dump(each)
        if len(text.encode()) <= room:
            break
    return text


def room_in(environ: Mapping[str, str]) -> int:
    """Return how many bytes of a report the kubelet keeps in this pod."""
    told = environ.get(names.REPORT_BYTES, "")
    return min(MOST_BYTES, int(told)) if told.isascii() and told.isdecimal() else MOST_BYTES


def _ever_shorter(report: Report) -> Iterator[Report]:
    """First pending revisions and the end of the message go; then the heads, whole, and with them `read`."""
    bare = replace(report, before=(), current=(), target=(), pending=(), failed=report.failed[:64], read=False)
    bare = replace(bare, floor=None)  # of no use without the heads
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
            message=_text(fields["message"]),
            before=_ids(fields["before"]),
            current=_ids(fields["current"]),
            target=_ids(fields["target"]),
            pending=_ids(fields["pending"]),
            pending_count=_count(fields["pendingCount"]),
            failed=_text(fields["failed"]),
            edges=str(fields["edges"]),
            plan=str(fields.get("plan", "")),  # runners of before wrote none
            floor=_floor(fields.get("floor")),
            read=bool(fields["read"]),
        )
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
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
        **({"floor": [report.floor.revision, report.floor.floor, report.floor.rest]} if report.floor else {}),
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


def _floor(value: object) -> FloorAhead | None:
    if value is None:
        return None
    revision, floor, rest, *_ = _ids(value)
    return FloorAhead(revision, floor, rest)


def _count(value: object) -> int:
    if type(value) is not int or not 0 <= value <= _MOST_COUNTED:  # a bool is an int, except in a status
        raise ValueError("a count was expected")
    return value


def _text(value: object) -> str:
    """Half a surrogate pair has no UTF-8: the API server would keep another text than this."""
    return str(value).encode("utf-8", "replace").decode()


def _ids(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError("a list of revisions was expected")
    return tuple(_text(item) for item in value)
