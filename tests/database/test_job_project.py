"""What a Job is told of the Alembic project beside its configuration: section, scripts, version table, arguments."""

import shlex
from pathlib import Path

import pytest

from database.projects.project import Project, make_project
from database.projects.running import Ended, heads, run, tables
from revgate.contract.exits import Exit
from revgate.contract.reasons import Reason
from support.cli import Cli
from support.servers import Database

SECTIONS = """
[billing 7%%]
script_location = %(here)s/billing
file_template = x
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "app").chain("a1", "a2")


def version_tables(database: Database) -> list[str]:
    rows = database.query("SELECT schemaname || '.' || tablename FROM pg_tables WHERE tablename ~ '[_ ]version$'")
    return sorted(row[0] for row in rows)


def refused(ended: Ended, code: Exit, reason: Reason) -> str:
    assert (ended.code, ended.report.reason) == (code, reason), ended
    return ended.report.message


def test_a_section_names_other_scripts(database15, project, tmp_path):
    billing = make_project(tmp_path / "other").chain("b1")
    billing.folder.joinpath("migrations").rename(project.folder / "billing")
    ini = project.folder / "alembic.ini"
    ini.write_text(ini.read_text() + SECTIONS.replace("%%", "%"))
    assert run(database15, project.folder, "--section", "billing 7%").report.current == ("b1",)
    assert tables(database15) == ["t_b1"]


def test_a_section_that_is_not_there_is_named(database15, project):
    said = refused(run(database15, project.folder, "--section", "billing"), Exit.NO_SCRIPTS, Reason.NO_SCRIPTS)
    assert (
        said == "Section billing was asked for, and alembic.ini has none of that name: add it, or name another section"
    )
    (project.folder / "alembic.ini").unlink()
    (project.folder / "pyproject.toml").write_text('[tool.alembic]\nscript_location = "%(here)s/migrations"\n')
    said = refused(run(database15, project.folder, "--section", "billing"), Exit.NO_SCRIPTS, Reason.NO_SCRIPTS)
    assert "there is no alembic.ini that could have it" in said


def test_a_configuration_that_cannot_be_read_is_named_whatever_is_asked_of_it(database15, project):
    (project.folder / "alembic.ini").write_text("no section = at all\n")
    for option in ("--section", "--script-location"):
        ended = run(database15, project.folder, option, "x")
        assert "alembic.ini could not be read" in refused(ended, Exit.BROKEN_SCRIPTS, Reason.BROKEN_SCRIPTS)


@pytest.mark.parametrize("with_configuration", [True, False])
def test_a_script_location_counts_whatever_the_configuration_says(database15, project, with_configuration):
    (project.folder / "migrations").rename(project.folder / "100% ours")
    if not with_configuration:
        (project.folder / "alembic.ini").unlink()
    assert run(database15, project.folder, "--script-location", "100% ours").report.current == ("a2",)


def test_a_script_location_without_scripts_is_refused(database15, project):
    ended = run(database15, project.folder, "--script-location", "nowhere")
    assert "nowhere" in refused(ended, Exit.NO_SCRIPTS, Reason.NO_SCRIPTS)


def test_a_version_table_is_where_it_was_asked_for(database, project):
    words = ("--version-table", 'Shop "v" version', "--version-table-schema", "Meta")
    assert run(database, project.folder, *words).code == 0
    assert version_tables(database) == ['Meta.Shop "v" version']
    again = run(database, project.folder, *words)
    assert (again.code, again.events("revision_applied")) == (0, [])
    assert heads(database) == []


def test_the_bundled_scripts_have_the_version_table_that_was_asked_for(database15, tmp_path):
    assert run(database15, tmp_path, "--bundled", "--version-table", "shop_version").report.current == ("0008",)
    assert version_tables(database15) == ["public.shop_version"]


OWN = {
    "another name": ("own_schema", "--version-table-schema", "other", "version_table_schema='meta'"),
    "the same name": ("own_schema", "--version-table-schema", "meta", ""),
}


@pytest.mark.parametrize("which", OWN)
def test_an_env_py_that_names_a_version_table_has_to_agree(database15, tmp_path, which):
    environment, option, value, said = OWN[which]
    project = make_project(tmp_path / "app", environment).chain("a1")
    ended = run(database15, project.folder, option, value)
    if not said:
        assert ended.code == 0, ended
        return
    message = refused(ended, Exit.CONFIGURATION, Reason.INVALID_SPEC)
    assert "alembic.versionTableSchema other was asked for, and migrations/env.py passes" in message
    assert said in message
    assert version_tables(database15) == []


def test_what_was_asked_for_is_no_longer_answered_by_a_look_alone(database15, project):
    """Without Alembic nobody would look at the table, the schema, the role or the scripts that are meant."""
    assert Cli(project.folder).at(database15.url).run("index").code == 0
    plain = run(database15, project.folder)
    assert plain.code == 0, plain
    for words in (("--version-table", "v2"), ("--schema", "shop"), ("--version-table-schema", "meta")):
        ended = run(database15, project.folder, *words)
        assert ended.report.before == (), (words, ended)
    other = make_project(project.folder / "elsewhere").chain("a1", "a2", "a3")
    place = str(other.folder / "migrations")
    assert run(database15, project.folder, "--script-location", place).report.current == ("a3",)


def test_arguments_reach_env_py_as_an_operator_writes_them(database15, tmp_path):
    project = make_project(tmp_path / "app").chain("a1")
    body = "from alembic import context\nassert context.get_x_argument(as_dictionary=True) == SAID"
    said = {"tenant": "a b's $(x)", "empty": ""}
    project.revision("a2", "a1", body.replace("SAID", repr(said)))
    words = shlex.join(f"{key}={value}" for key, value in said.items())
    assert run(database15, project.folder, REVGATE_X_ARGS=words).report.current == ("a2",)


@pytest.mark.parametrize("option", ["--version-table", "--schema"])
def test_a_name_of_which_postgresql_would_cut_the_end_is_refused(database15, project, option):
    ended = run(database15, project.folder, f"{option}={'ü' * 32}")
    assert "longer than the 63 bytes" in refused(ended, Exit.CONFIGURATION, Reason.INVALID_SPEC)
