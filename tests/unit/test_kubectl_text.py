"""How `kubectl revgate` writes for a person: tables, facts, times, SQL and colours."""

import re
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from revgate.cli.kubectl.facts import fact_lines
from revgate.cli.kubectl.moments import length
from revgate.cli.kubectl.paint import Colour, coloured, painter, plain
from revgate.cli.kubectl.plan_text import plan_lines
from revgate.cli.kubectl.printable import printable
from revgate.cli.kubectl.schema_plan import Plan, plan_of
from revgate.cli.kubectl.sql_colours import coloured_sql
from revgate.cli.kubectl.table import Cell, Column, table

COLUMNS = (Column("NAME"), Column("CURRENT", 12, 8), Column("NEXT", 20, 0))
ROW = tuple(Cell(text) for text in ("ledger", "0008_add_account_aggregates", "Nothing, until the spec changes"))
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def widths(width: int) -> list[str]:
    return table(COLUMNS, [ROW], width, plain)


def test_a_table_is_whole_where_no_terminal_reads_it():
    assert widths(0)[1] == "ledger  0008_add_account_aggregates  Nothing, until the spec changes"


@pytest.mark.parametrize("width", range(16, 90))
def test_a_table_is_no_wider_than_the_terminal_and_shows_what_it_can(width: int):
    title, row = widths(width)
    assert max(len(title), len(row)) <= width
    assert row.startswith("ledger  0008")


def test_a_narrow_table_cuts_first_what_is_longest_to_read():
    assert widths(60)[1] == "ledger  0008_add_account_aggregates  Nothing, until the s..."
    assert widths(50)[1] == "ledger  0008_add_account_...  Nothing, until th..."
    assert widths(41)[1] == "ledger  0008_add_account_aggregates"
    assert widths(30)[1] == "ledger  0008_add_account_ag..."
    assert widths(16)[1] == "ledger  0008_..."


def test_a_coloured_table_has_the_same_columns():
    rows = [[Cell("ledger", Colour.BAD), Cell("1"), Cell("")], [Cell("x"), Cell("2"), Cell("", Colour.GOOD)]]
    painted = table(COLUMNS, rows, 0, coloured)
    assert [COLOURS.sub("", line).rstrip() for line in painted] == table(COLUMNS, rows, 0, plain)


def test_facts_are_wrapped_beside_their_names_and_empty_ones_left_out():
    facts = [("Ready", "one two three four five six seven", Colour.PLAIN), ("Floor", "", Colour.PLAIN)]
    assert fact_lines(facts, 0, plain) == ["Ready      one two three four five six seven"]
    assert fact_lines(facts, 40, plain) == ["Ready      one two three four five six", "           seven"]


def test_what_is_longer_than_a_line_stays_whole():
    image = "registry.example/ledger@sha256:" + "cd" * 32
    assert fact_lines([("Image", image, Colour.PLAIN)], 60, plain) == [f"Image      {image}"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0s"),
        (0.4, "0s"),
        (59, "59s"),
        (60, "1m"),
        (130, "2m10s"),
        (181, "3m"),
        (5400, "1h30m"),
        (86400, "1d"),
        (90000, "1d1h"),
        (400000, "4d"),
    ],
)
def test_a_duration_has_one_unit_or_two_while_it_is_small(seconds: float, text: str):
    assert length(seconds) == text


def plan(**fields: Any) -> Plan:
    """A plan of one revision, with these fields of its own."""
    spec = {"migration": "ledger", "hash": "h", "from": [], "to": ["0001"], "revisions": [{"revision": "0001"}]}
    return plan_of({"metadata": {"namespace": "shop", "name": "p", "resourceVersion": "1"}, "spec": spec | fields})


SAID = {"by": "dana", "at": "2026-03-01T11:59:00Z"}


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({}, "Upgrade    <base> -> 0001, 1 revision"),
        ({"from": ["a", "b"], "to": [], "revisions": []}, "Upgrade    a, b -> <base>, 0 revisions"),
        ({}, "Approval   Not needed"),
        ({"approved": SAID}, "Approval   Approved by dana 1m ago"),
        ({"rejected": SAID | {"why": "on Monday"}}, "Approval   Rejected by dana 1m ago: on Monday"),
        ({}, "    SQL is not shown: it has none"),
        ({"truncated": True}, "    SQL is not shown: the plan is too large to hold it"),
    ],
)
def test_a_plan_says_where_it_stands_and_why_sql_is_missing(fields: dict[str, Any], line: str):
    assert line in plan_lines(plan(**fields), datetime(2026, 3, 1, 12, 0, tzinfo=UTC), 0, plain)


SQL = """\
CREATE TABLE "select" (id INTEGER, note TEXT DEFAULT 'it''s NOT -- a comment');
-- DROP TABLE accounts
DO $body$ BEGIN
 PERFORM 1; END $body$;
UPDATE dropped SET fromage = $1 /* in
 two lines */;"""


def test_coloured_sql_is_the_same_sql():
    assert COLOURS.sub("", coloured_sql(SQL, coloured)) == SQL
    assert coloured_sql(SQL, plain) == SQL


def test_words_texts_and_comments_are_told_apart_line_by_line():
    shown = coloured_sql(SQL, coloured)
    for words, colour in [
        ("CREATE", Colour.WORD),
        ("'it''s NOT -- a comment'", Colour.GOOD),
        ("-- DROP TABLE accounts", Colour.DIM),
        ("$body$ BEGIN", Colour.GOOD),
        (" PERFORM 1; END $body$", Colour.GOOD),
        ("/* in", Colour.DIM),
        (" two lines */", Colour.DIM),
    ]:
        assert coloured(words, colour) in shown
    assert ' "select" (id ' in shown
    assert " dropped " in shown
    assert " fromage = $1 " in shown


def test_colours_are_for_a_terminal_that_wants_them(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert painter() is plain
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert painter() is coloured
    monkeypatch.setenv("TERM", "dumb")
    assert painter() is plain
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    assert painter() is plain


@pytest.mark.parametrize("hiding", ["\x1b[8m", "\r", "\x00", "\x9b", "\u202e", "\u2066"])
def test_nothing_from_a_cluster_can_hide_a_part_of_a_plan(hiding: str):
    shown = printable({f"k{hiding}": [f"DROP{hiding} TABLE\n\tt", 1, None]})
    assert hiding not in str(shown)
    assert next(iter(shown.values()))[0].endswith(" TABLE\n\tt")
