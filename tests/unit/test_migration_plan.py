"""A plan's identity, and its four forms."""

import hashlib
import json
from dataclasses import replace

import pytest

from revgate.contract.planned import plan_hash
from revgate.migration.lint.finding import Finding, Level
from revgate.migration.lint.linting import Looked
from revgate.migration.plans.formats import plan_json, plan_markdown, plan_sql, plan_text
from revgate.migration.plans.plan import Plan, PlannedRevision, without_secrets
from revgate.migration.rendering.script import RevisionSql

NEEDS = "Revision c3 reads the database (line 7 of c3_fill.py): its SQL is known only when it runs"


def planned(revision: str, down: str, *statements: str, not_rendered: str = "", message: str = "") -> PlannedRevision:
    sql = RevisionSql(
        revision=revision,
        step=f"upgrade {down} -> {revision}",
        file=f"{revision}_change.py",
        message=message or f"Message of {revision}",
        statements=() if not_rendered else ("BEGIN;", *statements, "COMMIT;"),
        not_rendered=not_rendered,
        heads=(revision,),
    )
    return PlannedRevision(sql, checksum=f"sum of {revision}")


def plan(*revisions: PlannedRevision) -> Plan:
    return Plan(schema="", table="alembic_version", dialect="postgresql", before=("a1",), revisions=revisions)


B2 = planned("b2", "a1", "CREATE TABLE b (id integer);", "CREATE INDEX i ON b (id);")
C3 = planned("c3", "b2", not_rendered=NEEDS)
D4 = planned("d4", "c3", "DROP TABLE b;")
GAP = plan(B2, C3, D4)
NOTHING = plan()

IDENTITY = {
    "history": ("public", "alembic_version"),
    "before": ["a1", "x1"],
    "after": ["b2", "x1"],
    "revisions": [("b1", "11"), ("b2", "22")],
    "image_digest": "sha256:ab",
}


def test_the_hash_is_over_the_canonical_json_of_what_is_agreed_to():
    text = '[["public","alembic_version"],["a1","x1"],["b2","x1"],[["b1","11"],["b2","22"]],"sha256:ab"]'
    assert plan_hash(**IDENTITY) == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"history": ("tenant", "alembic_version")}, id="schema"),
        pytest.param({"history": ("public", "other_version")}, id="table"),
        pytest.param({"before": ["a1"]}, id="from"),
        pytest.param({"after": ["b2"]}, id="to"),
        pytest.param({"revisions": [("b2", "22"), ("b1", "11")]}, id="order"),
        pytest.param({"revisions": [("b1", "11"), ("b2", "23")]}, id="checksum"),
        pytest.param({"revisions": [("b1", "11")]}, id="fewer revisions"),
        pytest.param({"image_digest": "sha256:cd"}, id="image"),
    ],
)
def test_another_plan_has_another_hash(other):
    assert plan_hash(**{**IDENTITY, **other}) != plan_hash(**IDENTITY)


def test_the_order_of_heads_is_no_part_of_a_plan():
    assert plan_hash(**{**IDENTITY, "before": ["x1", "a1"], "after": ("x1", "b2")}) == plan_hash(**IDENTITY)


def test_a_plans_hash_is_not_over_its_sql():
    rewritten = replace(B2, sql=replace(B2.sql, statements=("BEGIN;", "SELECT 1;", "COMMIT;"), message="Other words"))
    assert plan(rewritten, D4).hash == plan(B2, D4).hash
    assert plan(replace(B2, checksum="other"), D4).hash != plan(B2, D4).hash
    assert replace(plan(B2), image_digest="sha256:ab").hash != plan(B2).hash


def test_a_plan_leads_to_the_heads_of_its_last_revision_or_nowhere():
    assert (GAP.after, NOTHING.after) == (("d4",), ("a1",))


def test_data_goes_when_a_revision_takes_it_or_when_nobody_knows():
    takes = replace(D4, looked=Looked(destroys=("table b",)))
    assert [plan(B2).is_destructive, plan(B2, C3).is_destructive, plan(B2, takes).is_destructive] == [False, True, True]
    assert plan(B2, takes).hash == plan(B2, D4).hash, "what the linter says is no part of what was agreed to"


FINDING = Finding(
    rule="drop-without-floor",
    level=Level.ERROR,
    message="Table b is dropped",
    advice="Give it a floor",
    revision="d4",
    file="d4_change.py",
    line=7,
    statement="DROP TABLE b;",
    tables=("b",),
    destructive=True,
)
FOUND = replace(D4, looked=Looked((FINDING,), destroys=("table b",)))


def test_what_was_found_stands_before_its_statement():
    lines = plan_text(plan(B2, FOUND)).split("\n")
    assert "Revision d4 takes away table b" in lines
    at = lines.index("DROP TABLE b;")
    assert lines[at - 2 : at] == ["-- ! error drop-without-floor: Table b is dropped", "--   Give it a floor"]
    assert json.loads(plan_json(plan(FOUND)))["revisions"][0]["findings"][0]["statement"] == "DROP TABLE b;"
    assert "drop-without-floor" not in plan_sql(plan(FOUND)), "a script is to be run"


def test_a_finding_tells_no_password_either():
    told = replace(FINDING, message="Table hunter2 is dropped", statement="DROP TABLE hunter2;", tables=("hunter2",))
    shown = without_secrets(
        plan(replace(FOUND, looked=Looked((told,), (told,), ("table hunter2",)))),
        lambda text: text.replace("hunter2", "***"),
    )
    assert "hunter2" not in repr(shown)
    assert shown.findings[0].statement == "", "half a statement is another one"


def test_the_text_says_what_it_is_about_and_then_shows_the_sql():
    assert plan_text(GAP).split("\n") == [
        "Plan for alembic_version from a1 to d4, 3 revisions:",
        "",
        "  b2  Message of b2  2 statements",
        "  c3  Message of c3  not rendered",
        "  d4  Message of d4  1 statement",
        "",
        NEEDS,
        "",
        "-- Running upgrade a1 -> b2",
        "-- Message of b2 (b2_change.py)",
        "",
        "BEGIN;",
        "",
        "CREATE TABLE b (id integer);",
        "",
        "CREATE INDEX i ON b (id);",
        "",
        "COMMIT;",
        "",
        "-- Running upgrade b2 -> c3",
        "-- Message of c3 (c3_change.py)",
        "",
        f"-- {NEEDS}",
        "",
        "-- Running upgrade c3 -> d4",
        "-- Message of d4 (d4_change.py)",
        "",
        "BEGIN;",
        "",
        "DROP TABLE b;",
        "",
        "COMMIT;",
    ]


def test_nothing_pending_says_so_in_every_form():
    sentence = "Nothing is pending: alembic_version is at a1"
    assert plan_text(NOTHING) == sentence
    assert plan_markdown(NOTHING) == sentence
    assert plan_sql(NOTHING) == f"-- {sentence}"
    assert json.loads(plan_json(NOTHING))["revisions"] == []


def test_a_script_ends_with_an_error_before_what_is_not_rendered():
    text = plan_sql(GAP)
    assert "CREATE INDEX i ON b (id);" in text
    assert text.endswith('SELECT 1 FROM "Revision c3 was not rendered";')
    assert f"-- {NEEDS}\n" in text
    assert "d4" not in text


def test_sql_with_a_password_in_it_is_left_out_and_not_changed():
    def redact(text: str) -> str:
        return text.replace("hunter2", "***")

    told = planned("c3", "b2", not_rendered="Revision c3 raised ValueError: hunter2")
    secret = planned("d4", "c3", "CREATE ROLE app PASSWORD 'hunter2';")
    shown = without_secrets(plan(B2, told, secret), redact)
    assert shown.revisions[0] == B2
    assert shown.not_rendered == (
        "Revision c3 raised ValueError: ***",
        "Revision d4 has a password of the environment in its SQL: it is not shown",
    )
    assert "hunter2" not in repr(shown)
    assert shown.hash == plan(B2, told, secret).hash


def test_the_json_has_these_keys():
    value = json.loads(plan_json(GAP))
    assert list(value) == [
        "history",
        "dialect",
        "from",
        "to",
        "hash",
        "image_digest",
        "destructive",
        "revisions",
        "edited",
        "refused",
    ]
    assert (value["history"], value["from"], value["to"]) == (
        {"schema": "", "table": "alembic_version"},
        ["a1"],
        ["d4"],
    )
    assert value["hash"] == GAP.hash
    assert value["revisions"][1] == {
        "revision": "c3",
        "file": "c3_change.py",
        "message": "Message of c3",
        "checksum": "sum of c3",
        "statements": [],
        "not_rendered": NEEDS,
        "destroys": [],
        "findings": [],
    }
    assert value["revisions"][2]["statements"] == ["BEGIN;", "DROP TABLE b;", "COMMIT;"]


def test_markdown_shows_every_text_as_it_is():
    tricky = planned("b2", "a1", "COMMENT ON TABLE b IS '```sql';", message="a | b <script> *x* [y](z)")
    text = plan_markdown(plan(tricky, C3))
    assert "| b2 | a \\| b \\<script\\> \\*x\\* \\[y\\](z) | 1 statement |" in text
    assert "| c3 | Message of c3 | not rendered |" in text
    assert text.splitlines().count("````") == 1, "the fence must be longer than the one in the SQL"
    assert "````sql" in text
    assert "> Revision c3 reads the database (line 7 of c3\\_fill.py)" in text
