"""squawk beside our own rules: what it adds, what is left out, and a squawk that is not there or not well."""

import sys
from pathlib import Path

import pytest

from database.projects.project import Project, make_project
from revgate.migration.plans import squawk
from revgate.migration.plans.offline import plan_offline
from revgate.migration.plans.plan import Plan
from revgate.migration.project.scripts import find_scripts

CHAR = "op.execute('ALTER TABLE t ADD COLUMN b char(5)')"
OURS = "op.create_index('i', 't', ['a'])"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    return make_project(tmp_path).revision("a1")


def plan_of(project: Project, dialect: str = "postgresql") -> Plan:
    scripts = find_scripts({"ALEMBIC_CONFIG": str(project.folder / "alembic.ini")}, bundled=False)
    return plan_offline(scripts, "a1", "head", dialect, {})


def instead(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Let another program be what is found as squawk; no script, no program."""
    monkeypatch.setattr(sys, "executable", str(folder / "bin" / "python"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    (folder / "bin").mkdir()
    if script:
        (folder / "bin" / "squawk").write_text(f"#!/bin/sh\n{script}\n")
        (folder / "bin" / "squawk").chmod(0o755)


def test_it_adds_its_findings_with_the_line_of_the_call(project):
    plan = plan_of(project.revision("a2", "a1", f"op.execute('''\n\n    SELECT 1;\n\n''')\n{CHAR}"))
    assert [finding.rule for finding in plan.findings] == ["squawk:ban-char-field"]
    finding = plan.findings[0]
    assert finding.statement == "ALTER TABLE t ADD COLUMN b char(5);"
    assert "char(5)" in (project.versions / "a2_change.py").read_text().splitlines()[(finding.line or 0) - 1]
    assert plan.notes == ()


def test_what_we_find_ourselves_it_does_not_say_again(project):
    plan = plan_of(project.revision("a2", "a1", f"{OURS}\nop.drop_table('o')"))
    assert [finding.rule for finding in plan.findings] == ["index-blocks-writes", "drop-without-floor"]


def test_what_is_about_new_tables_is_left_out(project):
    project.revision("a2", "a1", "op.create_table('t', sa.Column('a', sa.CHAR(5)))").revision("a3", "a2", CHAR)
    assert plan_of(project).findings == ()


def test_its_findings_are_ignored_like_ours(project):
    head = "# lint: ignore[squawk:ban-char-field] the standard says five"
    plan = plan_of(project.revision("a2", "a1", CHAR, head=head))
    assert (plan.findings, len(plan.revisions[0].looked.ignored)) == ((), 1)
    unused = plan_of(project.revision("a2", "a1", head=head))
    assert [finding.rule for finding in unused.findings] == ["unused-ignore"]


def test_sqlite_is_not_its_business(project):
    assert plan_of(project.revision("a2", "a1", CHAR), "sqlite").findings == ()


@pytest.mark.parametrize(
    ("script", "note"),
    [
        pytest.param(
            "", "squawk is not installed, so its rules were left out: pip install 'revgate[lint]'", id="missing"
        ),
        pytest.param("echo 'bad wheel' >&2; exit 126", "left out: it ended with 126, bad wheel", id="ends badly"),
        pytest.param("exit 1", "left out: it ended with 1, it said nothing", id="says nothing"),
        pytest.param("echo no json", "left out: JSONDecodeError: Expecting value", id="no JSON"),
        pytest.param("echo '[{\"rule\": 1}]'", "left out: KeyError: 'file'", id="another JSON"),
        pytest.param("echo '{}'", "", id="an empty answer"),
        pytest.param("echo '[1]'", "left out: TypeError", id="numbers"),
        pytest.param("exec /bin/sleep 60", "left out: TimeoutExpired", id="hangs"),
    ],
)
def test_without_it_there_is_one_clear_line_and_our_own_findings(project, monkeypatch, script, note):
    monkeypatch.setattr(squawk, "_SECONDS", 0.5)
    instead(project.folder, monkeypatch, script)
    head = "# lint: ignore[squawk:ban-char-field] the standard says five"
    plan = plan_of(project.revision("a2", "a1", OURS, head=head if note else ""))
    assert [finding.rule for finding in plan.findings] == ["index-blocks-writes"]
    assert len(plan.notes) == (1 if note else 0)
    assert all(note in line and "\n" not in line for line in plan.notes)
