"""What a person says with `-x`, env.py hears: from every verb, from a Job's environment, from the library."""

import json
from pathlib import Path

import pytest

from database.projects.running import run
from environments.project import Project, make_project
from environments.side import Side, in_file
from revgate import MigrationError, MigrationRunner
from revgate.cli.main import main
from revgate.contract.exits import Exit

BODY = """
from alembic import context
tenant = context.get_x_argument(as_dictionary=True)["tenant"]
op.execute(f"CREATE TABLE IF NOT EXISTS t_{tenant} (revision VARCHAR(9))")
op.execute(f"INSERT INTO t_{tenant} VALUES ('{REVISION}')")
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = make_project(tmp_path / "app", "tenant_by_x")
    for down, revision in ((None, "a1"), ("a1", "a2")):
        made.revision(revision, down, BODY.replace("{REVISION}", revision), undo="op.execute('SELECT 1')")
    return made


@pytest.fixture
def file(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Side:
    made = in_file(tmp_path / "shop.db")
    monkeypatch.chdir(project.folder)
    monkeypatch.setenv("DATABASE_URL", made.text)
    return made


def test_every_verb_that_runs_env_py_tells_it(file: Side, capsys: pytest.CaptureFixture[str]) -> None:
    def answer(*words: str) -> str:
        assert main(words) == 0, capsys.readouterr()
        return capsys.readouterr().out

    for tenant in ("acme", "umbrella"):
        said = ("-x", f"tenant={tenant}", "-x", "other=it's quoted")
        assert json.loads(answer("pending", "--json", *said))["current"] == []
        assert "a2" in answer("plan", *said)
        assert f"{tenant}_version" in answer("plan", "--from", "base", "--format", "sql", "--dialect", "sqlite", *said)
        assert "CREATE TABLE" in answer("upgrade", "--sql", *said)
        answer(*said, "upgrade", "a1")
        assert "a1" in answer("current", *said)
        answer("upgrade", *said)
        assert file.heads(f"{tenant}_version") == ["a2"]
        answer("downgrade", "a1", *said)
        answer("stamp", "a2", *said)
        assert "a2" in answer("doctor", *said)
        assert file.query(f"SELECT revision FROM t_{tenant}") == [("a1",), ("a2",)]


def test_without_it_env_py_ends_as_it_does_for_alembic(file: Side, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["upgrade"]) == 1
    assert "exit(say -x tenant=NAME)" in capsys.readouterr().err
    assert file.schema() == []


@pytest.mark.parametrize("sides", ["postgresql"], indirect=True)
def test_a_job_has_it_from_its_environment(sides: tuple[Side, Side], project: Project) -> None:
    ours, _ = sides
    assert ours.database is not None
    ended = run(ours.database, project.folder, REVGATE_X_ARGS="tenant=acme other='a b'")
    assert (ended.code, ended.report.current) == (0, ("a2",)), ended
    assert ours.heads("acme_version") == ["a2"]
    ended = run(ours.database, project.folder, REVGATE_X_ARGS="tenant='acme")
    assert ended.code == Exit.CONFIGURATION
    assert "REVGATE_X_ARGS is not valid: No closing quotation" in ended.report.message
    failing = project.revision(
        "a3", "a2", "raise ValueError(context.get_x_argument())", head="from alembic import context"
    )
    ended = run(ours.database, failing.folder, REVGATE_X_ARGS="tenant=acme 'url=mysql://shop:geheim%@h/x'")
    assert (ended.code, ended.report.failed) == (Exit.REVISION_FAILED, "a3")
    assert "geheim" not in ended.everything


def test_the_library_tells_it_and_keeps_two_tenants_apart(project: Project, tmp_path: Path) -> None:
    ours = in_file(tmp_path / "shop.db")
    engine = ours.engine()
    acme, umbrella = (
        MigrationRunner(engine, project.config, x_args=[f"tenant={name}"]) for name in ("acme", "umbrella")
    )
    acme.upgrade_to_head()
    assert (acme.get_current_version(), umbrella.get_current_version()) == ("a2", None)
    assert umbrella.get_pending_migrations() == ["a1", "a2"]
    with pytest.raises(MigrationError, match="x_args is 'tenant=acme': give a list of texts"):
        MigrationRunner(engine, project.config, x_args="tenant=acme")
