"""`# lint: ignore[RULE] reason`: it counts with a reason only, and is reported where it does nothing."""

from pathlib import Path

import pytest

from database.projects.project import Project, make_project
from revgate.migration.plans.offline import plan_offline
from revgate.migration.plans.plan import Plan
from revgate.migration.project.scripts import find_scripts

DROP = "op.drop_table('t')"
INDEX = "op.create_index('i', 't', ['a'])"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    return make_project(tmp_path).revision("a1")


def plan_of(project: Project, dialect: str = "postgresql", start: str = "a1") -> Plan:
    scripts = find_scripts({"ALEMBIC_CONFIG": str(project.folder / "alembic.ini")}, bundled=False)
    return plan_offline(scripts, start, "head", dialect, {})


def rules(plan: Plan) -> list[str]:
    return sorted(finding.rule for finding in plan.findings)


def ignored(plan: Plan) -> list[str]:
    return [finding.rule for one in plan.revisions for finding in one.looked.ignored]


@pytest.mark.parametrize(
    "comment",
    [
        "# lint: ignore[drop-without-floor] nobody reads it since 2024",
        "#lint:ignore[ drop-without-floor ]: nobody reads it",
        "revision_of = 1  # lint: ignore[drop-without-floor, drop-without-floor] nobody reads it",
    ],
)
def test_with_a_reason_a_finding_is_accepted_and_still_told(project, comment):
    plan = plan_of(project.revision("a2", "a1", DROP, head=comment))
    assert (rules(plan), ignored(plan)) == ([], ["drop-without-floor"])
    assert plan.is_destructive, "the table is gone all the same"


@pytest.mark.parametrize(
    ("comment", "says"),
    [
        ("# lint: ignore[drop-without-floor]", "says no reason"),
        ("# lint: ignore[drop-without-floor]   :", "says no reason"),
        ("# lint: ignore", "names no rule"),
        ("# lint: ignore[] why not", "names no rule"),
        ("# lint: ignore[drop-table] nobody reads it", "drop-table, which is no rule"),
    ],
)
def test_what_has_no_effect_is_said_so(project, comment, says):
    plan = plan_of(project.revision("a2", "a1", DROP, head=comment))
    assert rules(plan) == ["bad-ignore", "drop-without-floor"]
    bad = next(finding for finding in plan.findings if finding.rule == "bad-ignore")
    assert says in bad.message
    assert (project.versions / "a2_change.py").read_text().splitlines()[(bad.line or 0) - 1] == comment


def test_words_in_a_text_are_no_comment(project):
    plan = plan_of(project.revision("a2", "a1", DROP, head="NOTE = '# lint: ignore[drop-without-floor] why'"))
    assert rules(plan) == ["drop-without-floor"]


def test_a_comment_that_ignores_nothing_is_told(project):
    comment = "# lint: ignore[truncate, drop-without-floor] nobody reads it"
    plan = plan_of(project.revision("a2", "a1", DROP, head=comment))
    assert rules(plan) == ["unused-ignore"]
    assert "ignores truncate, and nothing" in plan.findings[0].message


def test_a_comment_is_used_where_tables_are_old_though_here_they_are_new(project):
    comment = "# lint: ignore[index-blocks-writes] forty rows"
    project.revision("a2", "a1", "op.create_table('t', sa.Column('a', sa.Integer))").revision(
        "a3", "a2", INDEX, head=comment
    )
    assert rules(plan_of(project)) == []
    assert ignored(plan_of(project, start="a2")) == ["index-blocks-writes"]


def test_a_comment_about_another_dialect_is_no_fault(project):
    project.revision("a2", "a1", INDEX, head="# lint: ignore[index-blocks-writes] forty rows")
    assert rules(plan_of(project, "sqlite")) == []


def test_a_file_that_cannot_be_read_as_text_has_no_comments(project):
    head = "# lint: ignore[drop-without-floor] gr\xfcn"
    project.revision("a2", "a1", DROP)
    path = project.versions / "a2_change.py"
    path.write_bytes(f"# -*- coding: latin-1 -*-\n{path.read_text()}\n{head}\n".encode("latin-1"))
    assert rules(plan_of(project)) == []
