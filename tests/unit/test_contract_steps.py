"""Where a run is, from the end of its log."""

import pytest

from revgate.contract.steps import Step, step_in

STARTED = '{"revision": "0007", "file": "f", "event": "revision_started", "timestamp": "2026-03-01T12:00:00.123456Z"}'
ENDED = '{"revision": "0007", "seconds": 1.5, "event": "revision_applied", "timestamp": "2026-03-01T12:00:01Z"}'
WORK = '{"work": "41 % of ix (building index)", "event": "revision_progress", "timestamp": "2026-03-01T12:00:30Z"}'
IDLE = '{"work": "", "event": "revision_progress", "timestamp": "2026-03-01T12:00:40Z"}'
LONG = '{"work": "a\\n\\u001b' + "x" * 999 + '", "event": "revision_progress"}'


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((STARTED,), Step("0007", "2026-03-01T12:00:00")),
        ((STARTED, "INFO  [env.py] hello", '{"half', "[1]", '{"event": "other"}'), Step("0007", "2026-03-01T12:00:00")),
        ((STARTED, '{"deep": ' + "[" * 200_000), Step("0007", "2026-03-01T12:00:00")),
        ((STARTED, ENDED), None),
        ((ENDED, STARTED), Step("0007", "2026-03-01T12:00:00")),
        ((STARTED, WORK), Step("0007", "2026-03-01T12:00:00", "41 % of ix (building index)")),
        ((STARTED, WORK, IDLE), Step("0007", "2026-03-01T12:00:00")),
        ((STARTED, IDLE, WORK, "hello"), Step("0007", "2026-03-01T12:00:00", "41 % of ix (building index)")),
        ((STARTED, WORK, STARTED), Step("0007", "2026-03-01T12:00:00")),
        ((STARTED, LONG), Step("0007", "2026-03-01T12:00:00", "a " + "x" * 198)),
        ((STARTED, ENDED, WORK), None),
        ((WORK,), None),
        (("nothing of ours",), None),
        ((), None),
    ],
)
def test_the_newest_line_counts(lines, expected):
    assert step_in("\n".join(lines)) == expected
