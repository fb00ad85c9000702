"""What `alembic init` makes, by each of its templates and unedited, on a database that the project does not name."""

import io
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config

from environments.project import BROKEN, REVISIONS, Project, upgrade_plainly
from environments.side import Side
from revgate.migration.errors import EnvironmentFailed, RevisionFailed

TEMPLATES = ("generic", "async", "pyproject", "pyproject_async")
TWO = "databases = engine1, engine2"
UNEDITED = "driver://user:pass@localhost/dbname"


def made_by_alembic(folder: Path, template: str) -> Project:
    folder.mkdir()
    ini, toml = folder / "alembic.ini", folder / "pyproject.toml"
    is_toml = template.startswith("pyproject")
    config = Config(ini, toml_file=toml if is_toml else None, stdout=io.StringIO(), output_buffer=io.StringIO())
    command.init(config, str(folder / "migrations"), template=template)
    return Project(folder, file="pyproject.toml" if is_toml else "alembic.ini")


def write_url(project: Project, url: str) -> None:
    ini = project.folder / "alembic.ini"
    ini.write_text(ini.read_text().replace(UNEDITED, url.replace("%", "%%")))


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_works_as_with_plain_alembic(sides: tuple[Side, Side], template: str, tmp_path: Path) -> None:
    ours, plain = sides
    project = made_by_alembic(tmp_path / "app", template).chain("a1", "a2").revision("a3", "a2", BROKEN)
    runner = project.runner(ours)
    with pytest.raises(RevisionFailed):
        runner.upgrade_to_head()
    assert (ours.heads(), ours.made()) == (["a2"], {"t_a1", "t_a2"})
    project.revision("a3", "a2")
    runner.upgrade_to_head()
    write_url(project, plain.async_text if "async" in template else plain.text)  # a person who types `alembic` must
    upgrade_plainly(project, plain)
    assert ours.ledger() == dict.fromkeys(REVISIONS, "applied")
    assert (ours.heads(), ours.schema()) == (plain.heads(), plain.schema())
    runner.upgrade_to_head()  # the URL in the file is another one now, and what was asked for is what counts
    assert runner.last_result is not None
    assert runner.last_result.revisions == ()


def multidb(folder: Path) -> Project:
    project = made_by_alembic(folder, "multidb")
    for down, revision in ((None, "a1"), ("a1", "a2")):
        head = "def upgrade_engine1():\n    op.create_table('t_one', sa.Column('id', sa.Integer))\n" if down else ""
        names = "def upgrade_engine2():\n    op.create_table(f't_two_{revision}', sa.Column('id', sa.Integer))\n"
        other = head or "def upgrade_engine1():\n    pass\n"
        project.revision(revision, down, "globals()['upgrade_' + _['engine_name']]()", head=names + other)
    return project


def test_two_databases_in_one_run_are_refused_before_anything_is_done(sides: tuple[Side, Side], tmp_path: Path) -> None:
    ours, _ = sides
    project = multidb(tmp_path / "app")
    with pytest.raises(EnvironmentFailed, match=r"more than once.*give each of them a run, with a configuration"):
        project.runner(ours).upgrade_to_head()
    assert ours.schema() == []


def test_each_of_two_databases_has_a_run_with_a_configuration_of_its_own(
    sides: tuple[Side, Side], tmp_path: Path
) -> None:
    ini = multidb(tmp_path / "app").folder / "alembic.ini"
    text = ini.read_text()
    assert TWO in text
    for name, side, made in zip(("engine1", "engine2"), sides, ({"t_one"}, {"t_two_a1", "t_two_a2"}), strict=True):
        (ini.parent / f"{name}.ini").write_text(text.replace(TWO, f"databases = {name}"))
        Project(ini.parent, file=f"{name}.ini").runner(side).upgrade_to_head()
        assert (side.heads(), side.made()) == (["a2"], made)
