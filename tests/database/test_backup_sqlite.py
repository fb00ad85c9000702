"""Backups of SQLite files, brought back by the commands that they come with."""

import json
import resource
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from revgate.migration.backups.backup import Backup, BackupFailed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "backups"
    path.mkdir()
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "the books.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "CREATE TABLE accounts (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"
            "CREATE TABLE lines (account INT REFERENCES accounts, amount NUMERIC CHECK (amount <> 0));"
            "CREATE INDEX ix_lines ON lines (account) WHERE amount > 0;"
            "INSERT INTO accounts VALUES (1, 'Café ☕'), (2, 'Debt');"
        )
        connection.executemany("INSERT INTO lines VALUES (?, ?)", [(1 + n % 2, n) for n in range(1, 20001)])
        connection.commit()
    return path


def content(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def kept(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def url_of(path: Path, driver: str = "sqlite") -> sa.URL:
    return sa.URL.create(driver, database=str(path))


@pytest.mark.parametrize("driver", ["sqlite", "sqlite+pysqlite", "sqlite+aiosqlite"])
@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_a_restored_backup_has_the_same_schema_and_rows(file, folder, driver, journal):
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal}")
    before = content(file)
    backup = Backup(folder).take(url_of(file, driver), ("0007",))
    assert kept(folder) == [backup.path.name, backup.sidecar.name]
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript("DROP TABLE lines; DELETE FROM accounts; CREATE TABLE other (id)")
    for command in backup.restore:
        subprocess.run(["sh", "-c", command], check=True)
    assert content(file) == before


def test_what_is_not_committed_is_not_in_the_backup(file, folder):
    before = content(file)
    with closing(sqlite3.connect(file)) as writer:
        writer.execute("INSERT INTO accounts VALUES (3, 'half')")
        backup = Backup(folder).take(url_of(file))
    assert content(backup.path) == before


def test_what_is_only_in_the_log_is_in_the_backup(file, folder):
    with closing(sqlite3.connect(file)) as writer:
        writer.execute("PRAGMA journal_mode = wal")
        writer.execute("INSERT INTO accounts VALUES (3, 'new')")
        writer.commit()
        backup = Backup(folder).take(url_of(file))
    assert content(backup.path) == content(file)
    assert any("'new'" in line for line in content(backup.path))


def test_an_uri_is_taken(file, folder):
    url = sa.make_url(f"sqlite:///file:{str(file).replace(' ', '%20')}?mode=ro&uri=true")
    assert content(Backup(folder).take(url).path) == content(file)


def test_what_is_known_of_a_backup_is_written_down_beside_it(file, folder):
    backup = Backup(folder).take(url_of(file), ("0008",))
    written = json.loads(backup.sidecar.read_text())
    assert (written["database"], written["revision"], written["lsn"]) == (str(file), ["0008"], "")
    assert written["server"] == f"SQLite {sqlite3.sqlite_version}"
    assert backup.path.name.startswith("the_books-")
    assert backup.path.name.endswith("-0008.sqlite3")


def test_a_file_that_was_never_written_to_can_be_backed_up(tmp_path, folder):
    (tmp_path / "new.db").touch()
    assert content(Backup(folder).take(url_of(tmp_path / "new.db")).path) == content(tmp_path / "new.db")


def test_only_so_many_backups_are_kept(file, folder):
    taken = [Backup(folder, keep=2).take(url_of(file)) for _ in range(4)]
    assert [one.path.exists() for one in taken] == [False, False, True, True]
    assert len(kept(folder)) == 4


@pytest.mark.parametrize(
    "text",
    ["sqlite://", "sqlite:///:memory:", "sqlite+aiosqlite://", "sqlite:///file:x?mode=memory&cache=shared&uri=true"],
)
def test_a_database_in_memory_is_refused(text, folder):
    with pytest.raises(BackupFailed, match="A database in memory has no backup"):
        Backup(folder).take(sa.make_url(text))
    assert kept(folder) == []


def test_a_file_that_does_not_exist_is_not_made(tmp_path, folder):
    with pytest.raises(BackupFailed, match=r"missing\.db does not exist: check the path"):
        Backup(folder).take(url_of(tmp_path / "missing.db"))
    assert not (tmp_path / "missing.db").exists()
    assert kept(folder) == []


def test_a_damaged_database_fails_its_backup(file, folder):
    with file.open("r+b") as raw:  # an index page that says something else than its table
        size = raw.seek(0, 2)
        raw.seek(size - 4096 + 8)
        raw.write(bytes(3000))
    with pytest.raises(BackupFailed, match=r"integrity check|malformed"):
        Backup(folder).take(url_of(file))
    assert kept(folder) == []


def test_what_is_no_database_is_refused(tmp_path, folder):
    (tmp_path / "text.db").write_text("no database" * 500)
    with pytest.raises(BackupFailed, match="file is not a database"):
        Backup(folder).take(url_of(tmp_path / "text.db"))


def test_a_disk_without_room_leaves_nothing(file, folder):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (65536, before[1]))
    try:
        with pytest.raises(BackupFailed, match=r"Backup of .* failed"):
            Backup(folder).take(url_of(file))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert kept(folder) == []
