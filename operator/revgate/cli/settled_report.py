"""The report of a Job that had nothing to do, as the runner itself would have written it."""

import json
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from revgate.cli.settled import Settled
from revgate.contract import names
from revgate.contract.edges import digest_of, encode_edges
from revgate.contract.exits import Exit
from revgate.contract.reasons import Reason
from revgate.contract.report import Report, encode_report
from revgate.migration.project.graph import newest_first


def report(state: Settled, environ: Mapping[str, str]) -> None:
    """Print the ledger's edges, leave the report and log its words."""
    lines = encode_edges(newest_first([state.head], {edge.revision: edge for edge in state.edges}))
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
    _write(encode_report(made), environ)


def _write(text: str, environ: Mapping[str, str]) -> None:
    """Leave the report where the kubelet looks for it: in the named file, or in the usual one where that exists."""
    named = environ.get(names.TERMINATION_MESSAGE, "")
    path = Path(named or names.TERMINATION_MESSAGE_PATH)
    if named or os.access(path, os.W_OK):
        try:
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            _log("report_not_written", path=str(path), problem=str(error))


def _log(event: str, **values: object) -> None:
    level = "info" if event == "run_ended" else "warning"
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    line = {**values, "event": event, "level": level, "timestamp": now}
    print(json.dumps(line, ensure_ascii=False), file=sys.stderr, flush=True)
