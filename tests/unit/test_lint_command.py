"""`revgate lint`: its four forms, and how it ends."""

import json
from pathlib import Path

import pytest

from database.projects.project import Project, make_project
from revgate.cli.main import main
from revgate.migration.environment.logging_kept import logging_kept

WARNS = "op.create_table('t2', sa.Column('a', sa.JSON))"
FAILS = "op.drop_table('t')"
ODD = "op.execute('DROP TABLE \"a|b 100%\\n,: <x>\"')"

ODD_STATEMENTS = r"""
((((
ALTER TABLE
ALTER TABLE t ADD
CREATE INDEX
DROP
DO $$ BEGIN
WITH x AS (
UPDATE
LOCK
ALTER TABLE t ALTER
CREATE TABLE t (
''
"
E'\
DO
ALTER TYPE t ADD VALUE
$$
GRANT
/*
ALTER TABLE t ADD CONSTRAINT
DO LANGUAGE
CLUSTER
TRUNCATE
REFRESH
1
CREATE TYPE
🙂
ALTER TABLE t ADD FOREIGN KEY
ALTER TABLE t ADD CHECK
INSERT
DELETE
REINDEX
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    made = make_project(tmp_path / "app").revision("a1")
    monkeypatch.chdir(made.folder)
    return made


def linted(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with logging_kept():  # a command has the process for itself
        code = main(["lint", "--from", "a1", *arguments])
    out, err = capsys.readouterr()
    return code, out, err.replace("migrations/env.py has no offline mode (KeyError: 'url'): ", "")


def test_an_error_ends_it_with_1_and_is_told_with_what_to_write_instead(project, capsys):
    project.revision("a2", "a1", FAILS)
    code, out, _err = linted(capsys)
    assert code == 1
    first, message, advice, statement, empty, loss, summary = out.splitlines()
    assert first == "migrations/versions/a2_change.py:10: ✗ error drop-without-floor"
    assert message.startswith("  Table t is dropped and the revision has no floor")
    assert advice.startswith("  → Drop it when")
    assert (statement, empty) == ("    DROP TABLE t;", "")
    assert (loss, summary) == ("Revision a2 takes away table t", "1 error in 1 revision of alembic_version")


@pytest.mark.parametrize(("arguments", "code"), [((), 0), (("--strict",), 1)])
def test_a_warning_ends_it_with_1_when_that_is_asked_for(project, capsys, arguments, code):
    project.revision("a2", "a1", WARNS)
    ended, out, _err = linted(capsys, *arguments)
    assert (ended, out.splitlines()[-1]) == (code, "1 warning in 1 revision of alembic_version")
    ended, out, _err = linted(capsys, *arguments, "--json")
    assert (ended, json.loads(out)["ok"]) == (code, code == 0)


def test_nothing_found_and_nothing_pending_say_so(project, capsys):
    assert linted(capsys, "--strict")[:2] == (0, "✓ No revision is pending\n")
    project.revision("a2", "a1")
    assert linted(capsys, "--strict")[:2] == (0, "✓ No findings in 1 revision of alembic_version\n")


def test_the_json_has_these_keys(project, capsys):
    accepted = "# lint: ignore[json-column] nobody groups by it"
    project.revision("a2", "a1", FAILS).revision("a3", "a2", WARNS, head=accepted)
    value = json.loads(linted(capsys, "--format", "json")[1])
    keys = ["ok", "from", "to", "hash", "revisions", "findings", "ignored", "destroys", "notes"]
    assert list(value) == keys
    assert (value["from"], value["to"], value["revisions"]) == (["a1"], ["a3"], ["a2", "a3"])
    finding = value["findings"][0]
    assert list(finding) == [
        "rule",
        "level",
        "message",
        "advice",
        "revision",
        "file",
        "line",
        "statement",
        "tables",
        "destructive",
    ]
    assert (finding["rule"], finding["level"], finding["destructive"]) == ("drop-without-floor", "error", True)
    assert [one["rule"] for one in value["ignored"]] == ["json-column"]
    assert value["destroys"] == [{"revision": "a2", "what": "table t"}]


def test_annotations_are_escaped_as_github_wants_it(project, capsys):
    path = project.versions / "a2_change.py"
    project.revision("a2", "a1", ODD)
    path.rename(project.versions / "odd, name: 100%.py")
    _code, out, _err = linted(capsys, "--format", "github")
    line, summary = out.splitlines()
    assert line.startswith(
        "::error file=migrations/versions/odd%2C name%3A 100%25.py,line=10,title=drop-without-floor::"
    )
    assert "Table a|b 100%25 ,: <x> is dropped" in line
    assert "%0ADrop it when" in line
    assert summary.startswith("1 error")


def test_levels_have_githubs_names(project, capsys):
    project.revision("a2", "a1", WARNS)
    assert linted(capsys, "--format", "github")[1].startswith("::warning file=")


def test_markdown_shows_every_name_as_it_is(project, capsys):
    project.revision("a2", "a1", ODD)
    _code, out, _err = linted(capsys, "--format", "markdown")
    rows = [line for line in out.splitlines() if line.startswith("| error")]
    assert len(rows) == 1
    assert "Table a\\|b 100% ,: \\<x\\> is dropped" in rows[0]
    assert out.startswith("### 1 error in 1 revision of alembic\\_version\n")


def test_a_finding_shows_no_password_of_the_environment(project, monkeypatch, capsys):
    monkeypatch.setenv("PGPASSWORD", "hunter2")
    project.revision("a2", "a1", "op.execute('DROP TABLE hunter2; UPDATE t SET a = \\'hunter2\\'')")
    for form in ("text", "json", "markdown", "github"):
        code, out, err = linted(capsys, "--format", form)
        assert code == 1
        assert "hunter2" not in out + err
        assert "update-without-where" in out


def test_no_statement_breaks_it(project, capsys):
    odd = ODD_STATEMENTS.strip().splitlines()
    for number, text in enumerate(odd, start=2):
        project.revision(f"a{number}", f"a{number - 1}", f"op.execute({text!r})")
    for arguments in ((), ("--dialect", "sqlite")):
        _code, out, err = linted(capsys, "--json", *arguments)
        assert len(json.loads(out)["revisions"]) == len(odd)
        assert "fault of revgate" not in err
