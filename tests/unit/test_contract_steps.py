"""Where a run is, from the end of its log."""

import pytest

from revgate.contract.steps import Step, step_in

STARTED = '{"revision": "0007", "file": "f", "event": "revision_started", "timestamp": "2026-03-01T12:00:00.123456Z"}'
ENDED = '{"revision": "0007", "seconds": 1.5, "event": "revision_applied", "timestamp": "2026-03-01T12:00:01Z"}'


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((STARTED,), Step("0007", "2026-03-01T12:00:00")),
        ((STARTED, "INFO  [env.py] hello", '{"half', "[1]", '{"event": "other"}'), Step("0007", "2026-03-01T12:00:00")),
        ((STARTED, ENDED), None),
        ((ENDED, STARTED), Step("0007", "2026-03-01T12:00:00")),
        (("nothing of ours",), None),
        ((), None),
    ],
)
def test_the_newest_line_counts(lines, expected):
    assert step_in("\n".join(lines)) == expected
