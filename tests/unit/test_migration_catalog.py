"""The graph of a simple project, read without Alembic: the same as Alembic's, or none at all."""

import os
from pathlib import Path

import pytest

from database.projects.project import Project, make_project
from revgate.migration.digests import digests_of
from revgate.migration.environment.plain import leaves_version_table_alone
from revgate.migration.project.catalog import Catalog, read_catalog
from revgate.migration.project.catalog_entries import decode_rows, encode_rows, entries_of
from revgate.migration.project.entries import read_entries
from revgate.migration.project.index import NAME, Summary, read_index, summary_of, write_index
from revgate.migration.project.revisions import read_revisions
from revgate.migration.project.scripts import scripts_of


def branched(folder: Path) -> Project:
    project = make_project(folder / "app").revision("a1").revision("b2", "a1").revision("c3", "a1")
    project.revision("m4", ("b2", "c3")).revision("x1").revision("x2", "x1", depends_on="m4")
    return project.revision("d5", "m4", head="serves_from = 'a1'")


def linear(folder: Path) -> Project:
    return make_project(folder / "app").revision("a1").revision("b2", "a1", head="serves_from = 'b2'")


def catalog_in(project: Project) -> Catalog | None:
    return read_catalog([str(project.versions)], recursive=False)


def indexed(project: Project) -> Path:
    catalog = catalog_in(project)
    assert catalog is not None
    files = [str(project.folder / name) for name in ("alembic.ini", "pyproject.toml")]
    files.append(str(project.versions.parent / "env.py"))
    found, locations = summary_of(catalog, "alembic_version"), [str(project.versions)]
    return Path(write_index(place(project), files, locations, found, encode_rows(catalog, locations)))


def place(project: Project) -> str:
    return str(project.folder / "alembic.ini")


@pytest.mark.parametrize("make", [linear, branched])
def test_a_catalogue_is_what_alembic_finds(tmp_path, make):
    project = make(tmp_path)
    catalog, directory = catalog_in(project), scripts_of(project.folder / "alembic.ini").directory
    assert catalog is not None
    revisions = read_revisions(directory)
    checksums = {key: known.checksum for key, known in revisions.known.items()}
    assert catalog.heads == revisions.heads
    assert catalog.digests() == digests_of(revisions.edges, checksums)
    assert entries_of(catalog) == read_entries(directory)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda project: project.revision("b2", "nowhere"),
        lambda project: project.revision("b2", "a1", label="shop"),
        lambda project: project.revision("b2", "a1", depends_on="a"),
        lambda project: project.revision("b2", "a1", head="down_revision = down_revision"),
        lambda project: project.revision("b2", "c3").revision("c3", "b2"),
        lambda project: (project.versions / "again.py").write_text("revision = 'a1'\ndown_revision = None\n"),
    ],
)
def test_what_only_alembic_can_tell_has_no_catalogue(tmp_path, spoil):
    project = make_project(tmp_path / "app").revision("a1")
    spoil(project)
    assert catalog_in(project) is None


def test_a_project_without_revisions_has_no_catalogue(tmp_path):
    assert catalog_in(make_project(tmp_path / "app")) is None


def test_an_index_says_what_the_files_say(tmp_path):
    project = linear(tmp_path)
    indexed(project)
    found, catalog = read_index(place(project)), catalog_in(project)
    assert catalog is not None
    said = summary_of(catalog, "alembic_version")
    assert found is not None
    assert (found.heads, found.digest, list(found.floors)) == (("b2",), said.digest, ["b2"])
    assert found.digest == catalog.digests()["b2"]


@pytest.mark.parametrize("make", [linear, branched])
def test_an_index_has_the_entries_that_alembic_finds(tmp_path, monkeypatch, make):
    project = make(tmp_path)
    indexed(project)
    for folder in (project.folder, tmp_path, project.versions, Path("/")):
        monkeypatch.chdir(folder)
        found = read_index(place(project))
        assert found is not None
        entries = read_entries(scripts_of(project.folder / "alembic.ini").directory)
        assert decode_rows(found.rows, found.locations) == entries


def grown(project: Project) -> None:
    file = project.versions / "a1_change.py"
    file.write_text(file.read_text() + "\n")


def repeatable(folder: Path) -> Project:
    return linear(folder).revision("c3", "b2", head="repeatable = True")


@pytest.mark.parametrize("make", [linear, branched, repeatable])
def test_a_run_that_has_an_index_knows_what_the_files_say(tmp_path, monkeypatch, make):
    project = make(tmp_path)
    indexed(project)
    config = project.folder / "alembic.ini"
    said, order = read_revisions(scripts_of(config).directory), ordered(project)
    assert order == ordered(project, place(project))
    monkeypatch.chdir(project.folder)
    for given in (config, Path("alembic.ini")):
        scripts = scripts_of(given)
        assert os.path.realpath(scripts.place) == place(project)
        assert read_revisions(scripts.directory, scripts.place) == said


def ordered(project: Project, place: str = "") -> list[tuple[str, str]]:
    """Return the revisions in the order in which Alembic goes through them, with their words."""
    directory = scripts_of(project.folder / "alembic.ini").directory
    read_revisions(directory, place)
    return [(script.revision, script.longdoc) for script in directory.walk_revisions()]


def by_hand(project: Project) -> None:
    """Change a file and set its time back, which an index does not notice."""
    file, before = project.versions / "a1_change.py", (project.versions / "a1_change.py").stat().st_mtime_ns
    file.write_text(file.read_text().replace("def upgrade", "def UPGRADE"))
    os.utime(file, ns=(before, before))


@pytest.mark.parametrize(
    ("change", "believed"),
    [
        (lambda _: None, True),
        (by_hand, True),
        (grown, False),
        (lambda project: project.revision("c3", "b2"), False),
        (lambda project: (project.folder / NAME).unlink(), False),
        (lambda project: project.folder.rename(project.folder.with_name("moved")), True),
    ],
)
def test_a_run_believes_an_index_as_long_as_it_is_true(tmp_path, change, believed):
    project = linear(tmp_path)
    indexed(project)
    change(project)
    folder = next(folder for folder in (project.folder, project.folder.with_name("moved")) if folder.exists())
    scripts = scripts_of(folder / "alembic.ini")
    found = read_revisions(scripts.directory, scripts.place)
    assert isinstance(scripts.directory.get_revision("a1").header.doc, str) is not believed
    assert found.known["a1"].path.exists()


def test_a_revision_behind_a_link_is_where_the_link_leads(tmp_path):
    project = linear(tmp_path)
    real = (project.versions / "a1_change.py").rename(tmp_path / "real.py")
    (project.versions / "a1_change.py").symlink_to(real)
    indexed(project)
    scripts = scripts_of(project.folder / "alembic.ini")
    assert read_revisions(scripts.directory, scripts.place).known["a1"].path == real


def test_words_of_a_revision_are_read_without_importing_it(tmp_path):
    project = linear(tmp_path).revision("c3", "b2", head="import missing_module")
    indexed(project)
    assert ordered(project, place(project)) == ordered(project)


def test_an_index_does_not_speak_for_other_folders(tmp_path):
    project, other = linear(tmp_path), make_project(tmp_path / "other").revision("z9")
    indexed(project)
    directory = scripts_of(project.folder / "alembic.ini").directory
    directory.version_locations = [str(other.versions)]  # as an env.py does it
    directory.__dict__.pop("_version_locations", None)
    assert set(read_revisions(directory, place(project)).known) == {"z9"}


def test_of_several_heads_there_is_no_digest(tmp_path):
    project = make_project(tmp_path / "app").revision("a1").revision("b2", "a1").revision("c3", "a1")
    indexed(project)
    found = read_index(place(project))
    assert isinstance(found, Summary)
    assert (found.heads, found.digest) == (("b2", "c3"), "")


def newer(project: Project) -> None:
    file = project.versions / "a1_change.py"
    file.write_text(file.read_text().replace("a1", "z9"))
    later = (project.folder / NAME).stat().st_mtime + 5
    os.utime(file, (later, later))


def replaced(project: Project) -> None:
    """Put another file in place of one: as long, and older than the index."""
    file = project.versions / "a1_change.py"
    file.write_text(file.read_text().replace("a1", "z9"))
    earlier = (project.folder / NAME).stat().st_mtime - 1000
    os.utime(file, (earlier, earlier))


def in_the_same_second(project: Project) -> None:
    file, index = project.versions / "a1_change.py", (project.folder / NAME).stat()
    second = index.st_mtime_ns // 10**9 * 10**9
    os.utime(project.folder / NAME, ns=(second, second))
    file.write_text(file.read_text().replace("a1", "z9"))
    os.utime(file, ns=(second + 1, second + 1))


@pytest.mark.parametrize(
    "change",
    [
        grown,
        newer,
        replaced,
        in_the_same_second,
        lambda project: project.revision("c3", "b2"),
        lambda project: (project.versions / "a1_change.py").unlink(),
        lambda project: (project.versions.parent / "env.py").write_text("import other"),
        lambda project: (project.folder / "alembic.ini").write_text("[alembic]\nscript_location = elsewhere\n"),
        lambda project: (project.folder / "pyproject.toml").write_text("[tool.alembic]\n"),
        lambda project: project.versions.rename(project.versions.with_name("old")),
        lambda project: (project.folder / NAME).write_text("{"),
        lambda project: (project.folder / NAME).write_text("{}\n[]\n[]\n"),
        lambda project: (project.folder / NAME).write_bytes(b"\xff\n\n"),
        lambda project: (project.folder / NAME).write_text('{"revgate": 2}'),
        lambda project: (project.folder / NAME).unlink(),
    ],
)
def test_an_index_that_is_not_true_any_more_is_not_used(tmp_path, change):
    project = linear(tmp_path)
    indexed(project)
    assert read_index(place(project)) is not None
    change(project)
    assert read_index(place(project)) is None


def whole_seconds(project: Project) -> None:
    """Keep no fractions, as the layers of an image do."""
    for file in (*project.folder.rglob("*.py"), *project.folder.glob("*.*")):
        second = file.stat().st_mtime_ns // 10**9 * 10**9
        os.utime(file, ns=(second, second))


def one_time(project: Project) -> None:
    """Set all to one time, as builders of images that can be built again do."""
    for file in (*project.folder.rglob("*.py"), *project.folder.glob("*.*")):
        os.utime(file, (1, 1))


@pytest.mark.parametrize("change", [whole_seconds, one_time])
def test_an_index_outlives_what_an_image_does_to_times(tmp_path, change):
    project = linear(tmp_path)
    indexed(project)
    change(project)
    assert read_index(place(project)) is not None


def test_an_index_speaks_for_its_own_configuration_only(tmp_path):
    project = linear(tmp_path)
    indexed(project)
    (project.folder / "other.ini").write_text("[alembic]\nscript_location = elsewhere\n")
    assert read_index(str(project.folder / "other.ini")) is None


PLAIN = """
from alembic import context
context.configure(connection=context.config.attributes["connection"], target_metadata=None, compare_type=True)
"""


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        (PLAIN, True),
        (PLAIN + "context.configure(url='x', literal_binds=True)\n", True),
        (PLAIN.replace("compare_type=True", "version_table='other'"), False),
        (PLAIN.replace("compare_type=True", "**settings"), False),
        (PLAIN + "connection.execute('SET search_path TO tenant')\n", False),
        (PLAIN + "tenant = context.get_x_argument()\n", False),
        ("from app.migrate import run\nrun()\n", False),
    ],
)
def test_an_index_speaks_for_env_py_where_that_leaves_the_version_table_alone(tmp_path, text, plain):
    (tmp_path / "env.py").write_text(text)
    assert leaves_version_table_alone(tmp_path / "env.py") is plain
