"""A plan survives the log: whole or not at all, in lines that a node's log can hold."""

from dataclasses import replace

import pytest

from revgate.contract.edges import LINE_BYTES, digest_of
from revgate.contract.planned import (
    MOST_SQL,
    PlanDocument,
    PlannedFinding,
    PlannedRevision,
    decode_plan,
    encode_plan,
)

FOUND = PlannedFinding("drop-table", "error", "DROP TABLE balances takes its rows away")
FULL = PlanDocument(
    schema="public",
    table="alembic_version",
    before=("0006",),
    target=("0008",),
    destructive=True,
    revisions=(
        PlannedRevision("0007", "Add “étage”", "ab" * 32, "ALTER TABLE a ADD b int;\n\nSELECT '\\';"),
        PlannedRevision("0008", "Drop it", "cd" * 32, "DROP TABLE a;", "", ("table a",), (FOUND, FOUND)),
        PlannedRevision("0009", not_rendered="Revision 0009 reads the database"),
    ),
)


def decoded(plan: PlanDocument) -> PlanDocument | None:
    lines = encode_plan(plan)
    return decode_plan("\n".join(["some log", *lines, "and more"]), digest_of(lines))


def test_a_plan_comes_back_as_it_was():
    assert decoded(FULL) == FULL


@pytest.mark.parametrize("text", ["x" * 100_000, "é🔥\x00\\" * 9000, "\ud800" * 5000, "\n" * 50_000])
def test_long_sql_comes_back_as_it_was_in_short_lines(text):
    plan = replace(FULL, revisions=(replace(FULL.revisions[0], sql=text), *FULL.revisions[1:]))
    assert decoded(plan) == plan
    assert max(len(line.encode()) for line in encode_plan(plan)) <= LINE_BYTES


def test_many_findings_come_back_in_short_lines():
    plan = replace(FULL, revisions=(replace(FULL.revisions[1], findings=(FOUND,) * 50),))
    assert decoded(plan) == plan
    assert max(len(line.encode()) for line in encode_plan(plan)) <= LINE_BYTES


def test_sql_for_which_there_is_no_room_is_left_out_and_the_identity_stays():
    large = replace(FULL.revisions[0], sql="x" * (MOST_SQL + 1))
    plan = replace(FULL, revisions=(FULL.revisions[1], large, replace(FULL.revisions[2])))
    told = decoded(plan)
    assert told is not None
    assert told.truncated
    assert told.revisions[0] == plan.revisions[0]
    assert (told.revisions[1].sql, told.hash("")) == ("", plan.hash(""))
    assert "revgate plan" in told.revisions[1].not_rendered


@pytest.mark.parametrize("lost", range(2))
def test_a_plan_that_lost_a_line_is_none(lost):
    lines = encode_plan(FULL)
    kept = [line for at, line in enumerate(lines) if at != lost]
    assert decode_plan("\n".join(kept), digest_of(lines)) is None


def test_lines_of_another_version_are_no_plan():
    line = '{"revgate":"plan","history":["a"]}'
    assert decode_plan(line, digest_of([line])) is None
    assert decode_plan(line, "") is None


@pytest.mark.parametrize(
    "other",
    [
        replace(FULL, before=("0005",)),
        replace(FULL, target=("0007",)),
        replace(FULL, table="other"),
        replace(FULL, revisions=FULL.revisions[:2]),
        replace(FULL, revisions=(replace(FULL.revisions[0], checksum="ee" * 32), *FULL.revisions[1:])),
    ],
)
def test_what_changes_the_run_changes_the_identity(other):
    assert other.hash("sha256:1") != FULL.hash("sha256:1")


def test_the_image_belongs_to_the_identity_and_the_sql_does_not():
    assert FULL.hash("sha256:1") != FULL.hash("sha256:2")
    reworded = replace(FULL.revisions[0], sql="", message="")
    assert replace(FULL, revisions=(reworded, *FULL.revisions[1:])).hash("") == FULL.hash("")
