"""SQLite, where nobody is told who else has the file open: its lock, its rights, and what a failure leaves."""

import os
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from revgate import MigrationRunner
from revgate.migration.errors import (
    InvalidOptions,
    LockTimeout,
    MigrationError,
    PermissionDenied,
    RevisionFailed,
    Unreachable,
)
from support.library import ALL, Place
from support.library_project import Project, make_project

pytest_plugins = ["support.library_fixtures"]
pytestmark = pytest.mark.timeout(90)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "app").chain("a1", "a2")


def beside(place: Place) -> set[str]:
    """Return what is in the folder beside the database."""
    folder = Path(place.url.database or "").parent
    return {path.name for path in folder.iterdir() if path.is_file()} - {"library.db"}


def test_a_revision_that_fails_half_way_leaves_nothing(sqlite: Place, tmp_path: Path):
    half = """
    op.create_table('half', sa.Column('id', sa.Integer, primary_key=True))
    op.execute('INSERT INTO half VALUES (1)')
    with op.batch_alter_table('t_a1') as batch:
        batch.add_column(sa.Column('more', sa.Integer))
    op.drop_table('t_a1')
    op.execute('INSERT INTO nowhere VALUES (1)')
    """
    project = make_project(tmp_path / "app").chain("a1").add("a2", "a1", half)
    runner = sqlite.runner(project.config)
    for _ in range(2):
        with pytest.raises(RevisionFailed, match=r"a2 \(a2_change.py\) failed: no such table: nowhere"):
            runner.upgrade_to_head()
        assert (sqlite.heads(), sqlite.tables(), sqlite.ledger()) == (["a1"], ["t_a1"], {"a1": "applied"})
        assert [column["name"] for column in sa.inspect(sqlite.seen).get_columns("t_a1")] == ["id"]


def test_the_lock_file_is_gone_afterwards(file: Place, project: Project):
    seen: list[set[str]] = []
    runner = file.runner(project.config)
    runner.hook("before_revision", lambda: seen.append(beside(file)))
    runner.upgrade_to_head()
    assert all("library.db.migrate.lock" in each for each in seen)
    assert beside(file) == set()
    (project.versions / "a3_change.py").write_text("raise ValueError('no')")
    with pytest.raises(MigrationError):
        runner.upgrade_to_head()
    assert beside(file) == set()


def test_a_lock_file_that_a_dead_process_left_holds_up_nobody(file: Place, project: Project):
    Path(f"{file.url.database}.migrate.lock").write_text("1")
    file.runner(project.config, lock_wait=1).upgrade_to_head()
    assert (file.heads(), beside(file)) == (["a2"], set())


def test_a_missing_folder_is_told(tmp_path: Path, project: Project):
    path = tmp_path / "missing" / "library.db"
    with pytest.raises(Unreachable, match=r"missing/library.db could not be opened .*check that its folder exists"):
        MigrationRunner(sa.create_engine(f"sqlite:///{path}"), project.config).upgrade_to_head()
    assert not path.parent.exists()


def test_what_is_no_database_is_told(tmp_path: Path, project: Project):
    path = tmp_path / "notes.db"
    path.write_text("These are notes, and no database at all. " * 50)
    with pytest.raises(MigrationError, match="file is not a database"):
        MigrationRunner(sa.create_engine(f"sqlite:///{path}"), project.config).upgrade_to_head()
    assert path.read_text().startswith("These are notes")


def test_a_database_that_is_opened_for_reading_only_stays_as_it_was(file: Place, project: Project):
    file.runner(project.config).upgrade_to_version("a1")
    url = f"sqlite:///file:{file.url.database}?mode=ro&uri=true"
    runner = MigrationRunner(sa.create_engine(url), project.config)
    assert (runner.get_current_version(), runner.get_pending_migrations()) == ("a1", ["a2"])
    with pytest.raises(PermissionDenied, match="readonly"):
        runner.upgrade_to_head()
    assert (file.heads(), beside(file)) == (["a1"], set())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_folder_that_nobody_may_write_to_is_told(file: Place, project: Project):
    folder = Path(file.url.database or "").parent
    file.runner(project.config).upgrade_to_version("a1")
    folder.chmod(0o500)
    try:
        with pytest.raises(PermissionDenied, match=r"migrate.lock could not be created"):
            file.runner(project.config).upgrade_to_head()
    finally:
        folder.chmod(0o700)
    assert file.heads() == ["a1"]


def test_a_database_that_somebody_writes_to_is_waited_for(file: Place, project: Project):
    file.runner(project.config).upgrade_to_version("a1")
    with closing(sqlite3.connect(file.url.database or "", isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        done = threading.Timer(0.5, other.rollback)
        done.start()
        file.runner(project.config).upgrade_to_head()
        done.join()
    assert file.heads() == ["a2"]


def test_a_database_that_stays_locked_is_told(file: Place, project: Project):
    file.runner(project.config).upgrade_to_version("a1")
    with closing(sqlite3.connect(file.url.database or "", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LockTimeout, match="database is locked"):
            file.runner(project.config, lock_retries=0).upgrade_to_head()
    assert (file.heads(), beside(file)) == (["a1"], set())


def test_a_file_in_wal_mode_and_with_odd_names_will_do(tmp_path: Path, project: Project):
    path = tmp_path / "my ledger's #1 (50%).db"
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(path)))
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode = wal").scalar() == "wal"
    MigrationRunner(engine, project.config).upgrade_to_head()
    assert MigrationRunner(engine, project.config).get_current_version() == "a2"
    assert "t_a2" in sa.inspect(engine).get_table_names()
    engine.dispose()


def test_a_connection_in_memory_is_given_back_as_it_was(tmp_path: Path):
    shared = sqlite3.connect(":memory:", check_same_thread=False)
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool, creator=lambda: shared)
    before = shared.isolation_level
    MigrationRunner(engine).upgrade_to_head()
    assert (shared.isolation_level, shared.in_transaction) == (before, False)
    with engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO currencies (code, name) VALUES ('EUR', 'Euro')"))
    assert shared.execute("SELECT count(*) FROM currencies").fetchone() == (1,)
    assert shared.execute("SELECT version_num FROM alembic_version").fetchall() == [(ALL[-1],)]
    shared.close()


def test_a_creator_that_may_lead_anywhere_is_refused(tmp_path: Path):
    one, other = tmp_path / "one.db", tmp_path / "other.db"
    engine = sa.create_engine(f"sqlite:///{one}", creator=lambda: sqlite3.connect(other))
    with pytest.raises(InvalidOptions, match=r"connects through a creator of its own.* whose URL names the file"):
        MigrationRunner(engine)
    assert not one.exists()


def test_a_creator_that_opens_a_file_takes_its_lock(tmp_path: Path, project: Project):
    path = tmp_path / "created.db"
    engine = sa.create_engine("sqlite://", creator=lambda: sqlite3.connect(path))
    seen: list[bool] = []
    runner = MigrationRunner(engine, project.config)
    runner.before_revision(lambda: seen.append(Path(f"{path}.migrate.lock").exists()))
    runner.upgrade_to_head()
    assert seen == [True, True]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("a2",)]
    engine.dispose()


def test_a_relative_file_is_the_one_of_the_working_directory(
    tmp_path: Path, project: Project, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    MigrationRunner(sa.create_engine("sqlite:///here.db"), project.config).upgrade_to_head()
    with closing(sqlite3.connect(tmp_path / "here.db")) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("a2",)]
