"""env.py files as teams have them, run unedited."""

from pathlib import Path

from database.projects.project import make_project
from database.projects.running import heads, ledger, run, tables
from revgate.contract.exits import Exit
from revgate.contract.reasons import Reason
from support.file_config import LOGGING
from support.servers import Database, Server


def test_hands_its_connection_to_an_env_py_that_asks(database15: Database, tmp_path: Path):
    project = make_project(tmp_path / "app").chain("a1", "a2")
    assert run(database15, project.folder).code == 0
    assert heads(database15) == ["a2"]


def test_serves_an_env_py_that_reads_database_url_and_makes_its_engine(database15: Database, tmp_path: Path):
    project = make_project(tmp_path / "app", "own_engine", LOGGING).chain("a1", "a2")
    ended = run(database15, project.folder)
    assert ended.code == 0, ended
    assert heads(database15) == ["a2"]
    assert len(ended.events("revision_applied")) == 2, "fileConfig must not silence our log"


def test_migrates_our_database_though_env_py_names_another(server15: Server, database15: Database, tmp_path: Path):
    project = make_project(tmp_path / "app", "other_database").chain("a1")
    decoy = server15.new_database()
    try:
        ended = run(database15, project.folder, OTHER_URL=decoy.url)
        assert ended.code == 0, ended
        assert heads(database15) == ["a1"]
        assert tables(decoy) == []
        assert ended.events("environment_names_another_database")
    finally:
        server15.drop_database(decoy)


def test_refuses_an_env_py_that_runs_the_revisions_past_our_connection(database15: Database, tmp_path: Path):
    project = make_project(tmp_path / "app", "behind_our_back").chain("a1")
    ended = run(database15, project.folder)
    assert (ended.code, ended.report.reason) == (Exit.ENVIRONMENT, Reason.WRONG_DATABASE), ended
    assert (heads(database15), tables(database15)) == ([], [])


def test_notices_a_version_table_that_is_not_where_the_run_should_have_left_it(database15: Database, tmp_path: Path):
    project = make_project(tmp_path / "app", "rewriting").chain("a1", "a2")
    ended = run(database15, project.folder)
    assert (ended.code, ended.report.reason) == (Exit.ENVIRONMENT, Reason.WRONG_DATABASE), ended
    assert "is at a1 and not at a2" in ended.report.message
    assert ended.report.current == ("a1",)


def test_reports_an_env_py_that_raises(database15: Database, tmp_path: Path):
    project = make_project(tmp_path / "app", "raising").chain("a1")
    ended = run(database15, project.folder)
    assert (ended.code, ended.report.reason) == (Exit.ENVIRONMENT, Reason.ENVIRONMENT_FAILED)
    assert ended.report.message == "migrations/env.py failed: KeyError: 'SETTINGS_OF_THE_APP'"
    assert "Traceback" not in ended.err


def test_reports_an_env_py_that_runs_nothing(database15: Database, tmp_path: Path):
    project = make_project(tmp_path / "app", "silent").chain("a1")
    ended = run(database15, project.folder)
    assert ended.code == Exit.ENVIRONMENT
    assert "ended without running the migrations" in ended.report.message


def test_refuses_an_env_py_that_migrates_twice(database15: Database, tmp_path: Path):
    project = make_project(tmp_path / "app", "two_databases").chain("a1")
    ended = run(database15, project.folder)
    assert ended.code == Exit.ENVIRONMENT
    assert "more than once" in ended.report.message
    assert tables(database15) == []


def test_is_not_fooled_by_an_env_py_that_swallows_errors(database15: Database, tmp_path: Path):
    project = make_project(tmp_path / "app", "swallowing").chain("a1")
    project.revision("a2", "a1", "raise ValueError('no such account')")
    ended = run(database15, project.folder)
    assert (ended.code, ended.report.failed) == (Exit.REVISION_FAILED, "a2"), ended
    assert heads(database15) == ["a1"]
    assert ledger(database15) == {"a1": "applied"}


def test_finds_scripts_named_in_pyproject(database15: Database, tmp_path: Path):
    project = make_project(tmp_path / "app").chain("a1")
    (project.folder / "alembic.ini").unlink()
    (project.folder / "pyproject.toml").write_text('[tool.alembic]\nscript_location = "%(here)s/migrations"\n')
    assert run(database15, project.folder).report.current == ("a1",)


def test_finds_scripts_by_the_variable_of_alembic(database15: Database, tmp_path: Path):
    project = make_project(tmp_path / "app").chain("a1")
    (tmp_path / "elsewhere").mkdir()
    ended = run(database15, tmp_path / "elsewhere", ALEMBIC_CONFIG=str(project.folder / "alembic.ini"))
    assert ended.report.current == ("a1",)


def test_says_what_was_looked_for_when_there_are_no_scripts(database15: Database, tmp_path: Path):
    ended = run(database15, tmp_path)
    assert (ended.code, ended.report.reason) == (Exit.NO_SCRIPTS, Reason.NO_SCRIPTS)
    assert "ALEMBIC_CONFIG" in ended.report.message
    assert "alembic.ini" in ended.report.message
    assert "pyproject.toml" in ended.report.message


def test_counts_a_folder_without_revisions_as_no_scripts(database15: Database, tmp_path: Path):
    project = make_project(tmp_path / "app")
    ended = run(database15, project.folder)
    assert (ended.code, ended.report.reason) == (Exit.NO_SCRIPTS, Reason.NO_SCRIPTS)
    (project.folder / "alembic.ini").write_text("[alembic]\nscript_location = nowhere\n")
    assert run(database15, project.folder).code == Exit.NO_SCRIPTS


def test_names_file_and_line_of_a_revision_that_does_not_import(database15: Database, tmp_path: Path):
    project = make_project(tmp_path / "app").chain("a1").revision("a2", "a1", head="from shop.models import Account")
    ended = run(database15, project.folder)
    assert (ended.code, ended.report.reason) == (Exit.BROKEN_SCRIPTS, Reason.BROKEN_SCRIPTS)
    assert ended.report.message == (
        "Revision file migrations/versions/a2_change.py could not be imported, line 8: "
        "ModuleNotFoundError: No module named 'shop'; mend it and rebuild"
    )
    project.revision("a2", "a1", head="def (:")
    assert (
        "a2_change.py could not be imported, line 8: invalid syntax" in run(database15, project.folder).report.message
    )


def test_names_both_files_that_claim_one_id(database15: Database, tmp_path: Path):
    project = make_project(tmp_path / "app").chain("a1", "a2")
    (project.versions / "again.py").write_text((project.versions / "a2_change.py").read_text())
    ended = run(database15, project.folder)
    assert ended.code == Exit.BROKEN_SCRIPTS
    assert "a2_change.py" in ended.report.message
    assert "again.py" in ended.report.message


def test_refuses_a_cycle_and_a_missing_parent(database15: Database, tmp_path: Path):
    cycle = make_project(tmp_path / "cycle").revision("a1", "a2").revision("a2", "a1")
    assert run(database15, cycle.folder).code == Exit.BROKEN_SCRIPTS
    gap = make_project(tmp_path / "gap").chain("a1", "a2", "a3").without("a2")
    ended = run(database15, gap.folder)
    assert ended.code == Exit.BROKEN_SCRIPTS
    assert "Revision a2 referenced from" in ended.report.message


def test_ends_with_37_and_a_report_when_the_arguments_are_wrong(database15: Database, tmp_path: Path):
    for arguments in (["--nonsense"], ["--lock-timeout", "soon"], ["--target"]):
        ended = run(database15, tmp_path, *arguments)
        assert (ended.code, ended.report.reason) == (Exit.CONFIGURATION, Reason.INVALID_SPEC)
        assert "Traceback" not in ended.err


def test_ends_though_env_py_left_a_thread_behind(database15: Database, tmp_path: Path):
    project = make_project(tmp_path / "app", "threads").chain("a1")
    ended = run(database15, project.folder)
    assert (ended.code, ended.report.current) == (0, ("a1",))
    assert ended.edges is not None
