from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from revgate.cli.backup import text_lines
from revgate.migration.backups.backup import BackupFailed, BackupFile
from revgate.migration.backups.files import file_name, surplus
from revgate.migration.backups.tools import Tools, refuse_older, said
from revgate.migration.errors import HumanMustAct

NOON = datetime(2026, 11, 22, 12, 0, 0, 7000, tzinfo=UTC)


def backup_file(**changes):
    made = BackupFile(
        path=Path("/b/x.dump"),
        database="db:5432/books",
        revision=("0007",),
        taken_at=NOON,
        size=999,
        sha256="ab",
        seconds=1.23,
        server="PostgreSQL 18.6",
        lsn="0/1",
        restore=("createdb x", "pg_restore x"),
    )
    return replace(made, **changes)


@pytest.mark.parametrize(
    ("stem", "revision", "name"),
    [
        ("books", ("0007",), "books-20261122T120000.007Z-0007.dump"),
        ("books", ("a", "b"), "books-20261122T120000.007Z-a+b.dump"),
        ("books", (), "books-20261122T120000.007Z-base.dump"),
        ("books", None, "books-20261122T120000.007Z-unknown.dump"),
        ("../a b/c", ("x/y",), "_a_b_c-20261122T120000.007Z-x_y.dump"),
        ("", ("0007",), "database-20261122T120000.007Z-0007.dump"),
    ],
)
def test_a_backup_is_named_for_its_database_time_and_heads(stem, revision, name):
    assert file_name(stem, revision, NOON, ".dump") == name


def test_a_name_fits_into_a_file_system():
    assert len(file_name("x" * 300, ["y" * 32] * 20, NOON, ".sqlite3")) < 200


@pytest.mark.parametrize(("keep", "removed"), [(1, ["b", "a", "d"]), (2, ["a", "d"]), (3, ["d"]), (4, []), (9, [])])
def test_the_oldest_backups_of_the_same_database_are_too_many(keep, removed):
    days = {"a": 20, "b": 21, "d": 12, "new": 11}  # the clock was put back before the newest was taken
    found = {Path(f"/b/{name}"): {"database": "one", "taken_at": f"2026-11-{day}"} for name, day in days.items()}
    found[Path("/b/other")] = {"database": "two", "taken_at": "2026-11-10"}
    assert surplus(found, backup_file(path=Path("/b/new"), database="one"), keep) == tuple(
        Path(f"/b/{one}") for one in removed
    )


def test_a_client_may_be_newer_than_the_server():
    refuse_older(Tools("pg_dump", "pg_restore", 18), 15)
    with pytest.raises(BackupFailed, match=r"of PostgreSQL 15 \(/bin/pg_dump\) and the server of 18"):
        refuse_older(Tools("/bin/pg_dump", "/bin/pg_restore", 15), 18)


@pytest.mark.parametrize(
    ("stderr", "sentence"),
    [
        ("pg_dump: warning: x\npg_dump: error: no room\npg_dump: detail: y\n", "pg_dump: error: no room"),
        (
            (
                "pg_dump: error: query failed: ERROR:  canceling statement due to statement timeout\n"
                "pg_dump: detail: Query was: LOCK TABLE public.a IN ACCESS SHARE MODE\n"
            ),
            "some table was locked exclusively for 60 s: look in pg_locks by whom, or try again later",
        ),
        ("\nsomething\n", "something"),
        ("", "it said nothing"),
    ],
)
def test_what_a_program_said_is_its_sentence_about_the_error(stderr, sentence):
    assert said(stderr) == sentence


def test_a_failed_backup_is_for_a_human():
    assert issubclass(BackupFailed, HumanMustAct)


@pytest.mark.parametrize(
    ("size", "revision", "lines"),
    [
        (999, ("0007",), ["Backup of db:5432/books at 0007: /b/x.dump", "999 bytes in 1.2 s, verified, sha256 ab"]),
        (121_300_000, None, ["Backup of db:5432/books at an unknown revision: /b/x.dump", "121.3 MB in 1.2 s"]),
        (5 * 10**12, (), ["Backup of db:5432/books at no revision: /b/x.dump", "5.0 TB in 1.2 s"]),
    ],
)
def test_a_person_is_told_where_the_backup_is_and_how_to_bring_it_back(size, revision, lines):
    backup = backup_file(size=size, revision=revision)
    told = text_lines(backup)
    assert told[0] == lines[0]
    assert told[1].startswith(lines[1])
    assert told[2:] == ["", "To restore it:", "  createdb x", "  pg_restore x"]
