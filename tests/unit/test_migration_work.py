"""What is said of the server's work, in words."""

import pytest

from revgate.migration.postgresql.work import Work

BUILD = {"what": "ix_lines", "phase": "building index: scanning table", "percent": 41}


def work(what: str = "", phase: str = "", percent: int | None = None, **fields) -> Work:
    return Work(**({"what": what, "phase": phase, "percent": percent, "rows": None, "pids": (), "names": ()} | fields))


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (work(**BUILD), "41 % of ix_lines (building index: scanning table)"),
        (work(**{**BUILD, "percent": None}), "ix_lines (building index: scanning table)"),
        (work(**{**BUILD, "percent": 104}), "100 % of ix_lines (building index: scanning table)"),
        (work("VACUUM FULL lines", "seq scanning heap", 3), "3 % of VACUUM FULL lines (seq scanning heap)"),
        (work("COPY FROM lines", rows=1200), "COPY FROM lines (1200 rows)"),
        (work(pids=(7,), names=("report",)), "waits for a lock held by pid 7 (report)"),
        (work(pids=(7,), names=("",)), "waits for a lock held by pid 7"),
        (work(pids=(7, 8, 9), names=("a", "b", "c")), "waits for a lock held by pid 7 (a), pid 8 (b) and 1 more"),
        (
            work(**{**BUILD, "percent": 0}, pids=(7,), names=("report",)),
            "0 % of ix_lines (building index: scanning table), waits for a lock held by pid 7 (report)",
        ),
    ],
)
def test_the_work_is_told_with_what_counts_first(seen, expected):
    assert str(seen) == expected


def test_a_name_that_somebody_chose_cannot_break_the_line():
    name = 're\nport\x1b[31m\'; "x" ü'
    assert str(work(pids=(7,), names=(name,))) == "waits for a lock held by pid 7 (re?port??31m?? ?x? ü)"
