"""The report of a Job that had nothing to do, as the runner itself would have written it."""

from __future__ import annotations

import json
import sys
import time

from revgate.contract.edges import MOST_ROWS, digest_of, encode_edges
from revgate.contract.exits import Exit
from revgate.contract.reasons import Reason
from revgate.contract.report import Report, encode_report, room_in
from revgate.contract.termination import termination_file
from revgate.migration.project.graph import newest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from revgate.cli.settled import Settled


def report(state: Settled, environ: Mapping[str, str]) -> None:
    """Print the ledger's edges, leave the report and log its words."""
    lines = encode_edges(newest(state.head, {edge.revision: edge for edge in state.edges}, MOST_ROWS))
    for line in lines:
        print(line)
    sys.stdout.flush()
    made = Report(
        exit=int(Exit.DONE),
        reason=Reason.UP_TO_DATE,
        message=f"Database is at {state.head}: there was nothing to apply",
        before=(state.head,),
        current=(state.head,),
        target=(state.head,),
        edges=digest_of(lines) if lines else "",
        read=True,
    )
    _log("run_ended", exit=made.exit, reason=made.reason.value, message=made.message, current=made.current)
    _write(encode_report(made, room_in(environ)), environ)


def _write(text: str, environ: Mapping[str, str]) -> None:
    """Leave the report where the kubelet looks for it: in the named file, or in the usual one where that exists."""
    path = termination_file(environ)
    if path is None:
        return
    try:
        with open(path, "w", encoding="utf-8") as file:  # noqa: PTH123  pathlib takes 4 ms
            file.write(text)
    except OSError as error:
        _log("report_not_written", path=path, problem=str(error))


def _log(event: str, **values: object) -> None:
    level = "info" if event == "run_ended" else "warning"
    seconds, fraction = divmod(time.time_ns(), 1_000_000_000)  # datetime takes 2 ms to load
    now = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    line = {**values, "event": event, "level": level, "timestamp": f"{now}.{fraction // 1000:06}Z"}
    print(json.dumps(line, ensure_ascii=False), file=sys.stderr, flush=True)
