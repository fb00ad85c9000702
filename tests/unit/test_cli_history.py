"""`history` and `graph`: what the scripts are, without a database."""

import json
import re
import sys

import pytest

from database.projects.project import make_project
from revgate.migration.project.entry import Entry
from revgate.migration.project.graph_text import graph_lines, mermaid_lines
from revgate.migration.project.history_text import pending_text
from support.cli import Cli

# The reference marks 0001 as a head, too, which it is not: something follows it
OF_THE_REFERENCE = """\
<base> -> 0001_initial, Initial schema
0001_initial -> 0002_add_is_base_currency, Add is_base_currency flag
0002_add_is_base_currency -> 0003_add_performance_indexes, Add performance indexes
0003_add_performance_indexes -> 0004_add_exchange_rate_events, Add exchange rate events
0004_add_exchange_rate_events -> 0005_exchange_rate_events_archive, Archive exchange rate events
0005_exchange_rate_events_archive -> 0006_add_journal_idempotency_key, Add journal idempotency key
0006_add_journal_idempotency_key -> 0007_drop_balances_table, Drop balances table
0007_drop_balances_table -> 0008_add_account_aggregates (head), Add account aggregates
"""

BOX = """\
Pending Migrations
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┓
┃ Revision                             ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┩
│ 0006_add_journal_idempotency_key     │
│ 0007_drop_balances_table             │
│ 0008_add_account_aggregates          │
└──────────────────────────────────────┘

3 pending"""

PICTURES = {
    "a line": (
        [("a",), ("b", "a")],
        """
        ● b
        ● a
        """,
    ),
    "a branch and its merge": (
        [("a",), ("b", "a"), ("c", "a"), ("d", "b", "c")],
        """
        ● d
        ├─╮
        │ ● c
        ● │ b
        ├─╯
        ● a
        """,
    ),
    "three branches and their merge": (
        [("a",), ("b", "a"), ("c", "a"), ("x", "a"), ("d", "b", "c", "x")],
        """
        ● d
        ├─┬─╮
        │ │ ● x
        │ ● │ c
        ● │ │ b
        ├─┴─╯
        ● a
        """,
    ),
    "a lane between two that part": (
        [("a",), ("b", "a"), ("c", "a"), ("x", "a"), ("d", "b", "x"), ("f", "c"), ("g", "d")],
        """
        ● g
        │ ● f
        ● │ d
        ├─┼─╮
        │ │ ● x
        │ ● │ c
        ● │ │ b
        ├─┴─╯
        ● a
        """,
    ),
    "two histories that have nothing in common": (
        [("a",), ("b", "a"), ("y",), ("z", "y")],
        """
        ● z
        ● y

        ● b
        ● a
        """,
    ),
}


def entry(revision, *parents, **more):
    return Entry(revision, revision, "", f"{revision}.py", tuple(parents), **more)


@pytest.fixture
def cli(tmp_path):
    return Cli(tmp_path)


def test_the_bundled_history_is_that_of_the_reference(cli):
    ended = cli.ok("history", "--bundled")
    assert ended.out == OF_THE_REFERENCE
    assert ended.err == ""


def test_history_says_on_stderr_when_it_falls_back_to_the_bundled_scripts(cli):
    ended = cli.ok("history")
    assert ended.out == OF_THE_REFERENCE
    assert ended.err.count("\n") == 1
    assert "--bundled" in ended.err


def test_history_and_graph_need_no_database(cli):
    nowhere = cli.at("postgresql://nobody:secret@127.0.0.1:1/nowhere")
    assert nowhere.ok("history", "--bundled", "--echo").out == OF_THE_REFERENCE
    assert nowhere.ok("graph", "--bundled").out.count("●") == 8


def test_history_marks_heads_branches_and_merges_as_alembic_does(tmp_path, cli):
    project = make_project(tmp_path / "shop").chain("a1", "b2")
    project.revision("c3", "a1", label="side").revision("d4", ["b2", "c3"]).revision("e5", "b2", depends_on="d4")
    lines = Cli(project.folder).ok("history").out.splitlines()
    assert lines[0] == "<base> -> a1_change (branchpoint), "
    assert "a1_change -> c3_change (side), " in lines
    assert "b2_change, c3_change -> d4_change (side) (head) (mergepoint), " in lines
    assert lines[-1] == "b2_change (d4) -> e5_change (head), "


def test_history_as_json_has_what_a_script_needs(cli):
    found = cli.ok("history", "--bundled", "--json").json
    assert [one["revision"] for one in found if one["head"]] == ["0008"]
    assert found[1]["parents"] == ["0001"]
    assert found[5]["name"] == "0006_add_journal_idempotency_key"
    assert found[0]["file"].endswith("0001_initial.py")


def test_what_a_revision_file_prints_is_not_in_the_answer(tmp_path):
    imported = "print('hello')\nrevision = revision.lower()"  # no plain value: only importing it tells
    project = make_project(tmp_path / "shop").revision("a1", head=imported)
    ended = Cli(project.folder).ok("history", "--json")
    assert [one["revision"] for one in ended.json] == ["a1"]
    assert "hello" in ended.err


def test_a_revision_file_that_says_it_plainly_is_not_imported(tmp_path):
    project = make_project(tmp_path / "shop").revision("a1", head="raise RuntimeError('imported')")
    assert [one["revision"] for one in Cli(project.folder).ok("history", "--json").json] == ["a1"]


def test_a_reader_who_has_enough_is_no_error(cli):
    done = Cli(cli.folder, program=("/bin/sh", "-c", f"{sys.executable} -m revgate history --bundled | head -1"))
    ended = done.run()
    assert ended.out == OF_THE_REFERENCE.splitlines(keepends=True)[0]
    assert ended.err == ""


def test_an_ascii_terminal_gets_the_answer_without_its_ornaments(cli):
    ended = cli.given(PYTHONIOENCODING="ascii").ok("graph", "--bundled")
    assert "? 0001_initial, Initial schema\n" in ended.out


def test_the_table_of_the_reference_is_drawn():
    names = ["0006_add_journal_idempotency_key", "0007_drop_balances_table", "0008_add_account_aggregates"]
    assert pending_text(names) == BOX
    assert pending_text([]) == "✓ No pending migrations"


def test_the_table_grows_with_a_long_name_and_is_cut_on_a_terminal_only():
    name = "2025_11_27_1200-8c1f0e2d4b6a_" + "x" * 60
    assert name in pending_text([name])
    assert {len(line) for line in pending_text([name]).splitlines()[1:-2]} == {len(name) + 4}
    assert max(map(len, pending_text([name], columns=80).splitlines())) == 80


@pytest.mark.parametrize("situation", PICTURES)
def test_the_graph_is_drawn(situation):
    entries, picture = PICTURES[situation]
    drawn = [line.removesuffix(", ") for line in graph_lines([entry(*one) for one in entries])]
    assert drawn == [line[8:] for line in picture.splitlines()[1:-1]]


def test_the_graph_names_what_a_revision_depends_on():
    lines = list(graph_lines([entry("a"), entry("b"), entry("c", "b", depends_on=("a",), is_head=True)]))
    assert "● c (head) (depends on a), " in lines


def test_the_flowchart_has_an_arrow_for_each_parent_and_nothing_that_ends_a_label(cli):
    entries = [
        Entry("a", "a", 'Say "hi" <b> #1', "a.py"),
        entry("b", "a"),
        entry("c", "a", "b", depends_on=("b",), is_head=True),
    ]
    lines = list(mermaid_lines(entries))
    assert lines[0] == "flowchart TD"
    assert lines[1] == '  r0["a<br/>Say #quot;hi#quot; #lt;b#gt; #35;1"]'
    assert lines[3].endswith(":::head")
    assert lines[4:-1] == ["  r0 --> r1", "  r0 --> r2", "  r1 --> r2", "  r1 -.-> r2"]
    assert len(re.findall("-->", cli.ok("graph", "--bundled", "--format", "mermaid").out)) == 7


def test_the_graph_as_json_names_the_heads(tmp_path):
    project = make_project(tmp_path / "shop").chain("a1", "b2").revision("c3", "a1")
    found = json.loads(Cli(project.folder).ok("graph", "--json").out)
    assert found["heads"] == ["b2", "c3"]
    assert len(found["revisions"]) == 3
