"""A backup before a migration: written under another name, verified, and only then given its own.

    NAME.partial ──written──> verified ──> NAME.json (what is in it) ──> NAME ──> older ones go
         └── whatever fails: removed, and BackupFailed

How a database is copied is in `postgresql.backup` and `sqlite.backup`; what a folder of backups is, in `backup_files`.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Protocol

import sqlalchemy as sa

from revgate.migration.backups.failed import BackupFailed
from revgate.migration.backups.files import (
    BackupFile,
    failing_as_ours,
    file_name,
    finish,
    partial_file,
    refuse_missing,
    remove_surplus,
    sha256_of,
)
from revgate.migration.output.log import get_logger

__all__ = ["Backup", "BackupFailed", "BackupFile", "Copied", "Source"]


@dataclass(frozen=True, slots=True)
class Copied:
    """What the database said of itself while it was copied."""

    server: str  # its version
    lsn: str = ""  # the place in PostgreSQL's log before which everything is in the copy
    unknown: str = ""  # the setting that whoever restores the copy makes first, and this server does not know


class Source(Protocol):
    """One database that can be copied into a file."""

    @property
    def place(self) -> str:
        """What a message calls the database; backups of the same place replace each other."""

    @property
    def stem(self) -> str:
        """How the names of its backups begin."""

    @property
    def suffix(self) -> str:
        """How they end."""

    def check(self) -> None:
        """Raise BackupFailed where it is plain, without asking the database, that it cannot be copied."""

    def copy(self, file: BinaryIO) -> Copied:
        """Write the database into the open, empty file, and verify what was written.

        Raises:
            MigrationError: if the database could not be reached, the copy not be made, or not be verified.
        """

    def restore_commands(self, path: Path, copied: Copied) -> tuple[str, ...]:
        """Return the commands of a shell that bring the backup back; no password is in them."""


@dataclass(frozen=True, slots=True)
class Backup:
    """Where backups go, and how many verified ones of a database stay there, the new one among them.

    The folder must exist: one that is missing may be a volume that was not mounted.
    """

    folder: Path | str
    keep: int = 3

    def __post_init__(self) -> None:
        if self.keep < 1:
            raise ValueError(f"keep is {self.keep}: keep one backup at least")

    def check(self, url: sa.URL) -> None:
        """Raise BackupFailed where it is plain that there will be none: no folder, no pg_dump, no database file."""
        refuse_missing(Path(self.folder))
        _source_of(url).check()

    def take(self, url: sa.URL, revision: tuple[str, ...] | None = None) -> BackupFile:
        """Back up the database and return the verified file.

        Args:
            url: of PostgreSQL or SQLite, with any driver.
            revision: the heads that the database is at, for the file's name and what is written down beside it;
                None when nobody knows.

        Raises:
            BackupFailed: if there is no verified backup; nothing is left of it in the folder.
            MigrationError: if the database could not be reached, by the class that says so everywhere.
        """
        self.check(url)
        source, folder = _source_of(url), Path(self.folder)
        began, taken_at = time.monotonic(), datetime.now(UTC)
        path = folder / file_name(source.stem, revision, taken_at, source.suffix)
        get_logger().info("backup_started", database=source.place, file=str(path))
        with failing_as_ours(source.place, folder), partial_file(path) as file:
            copied = source.copy(file)
            backup = BackupFile(
                path=path,
                database=source.place,
                revision=revision,
                taken_at=taken_at,
                size=Path(file.name).stat().st_size,
                sha256=sha256_of(Path(file.name)),
                seconds=round(time.monotonic() - began, 3),
                server=copied.server,
                lsn=copied.lsn,
                restore=source.restore_commands(path.absolute(), copied),
            )
            finish(file, backup)
        get_logger().info("backup_taken", file=str(path), size=backup.size, seconds=backup.seconds)
        remove_surplus(backup, self.keep)
        return backup


def _source_of(url: sa.URL) -> Source:
    backend = url.get_backend_name()
    if backend == "sqlite":
        from revgate.migration.sqlite.backup import SqliteSource  # noqa: PLC0415  only what this database needs

        return SqliteSource(url)
    if backend != "postgresql":
        raise BackupFailed(f"Backups are made of PostgreSQL and SQLite, not of {backend}: take one with its own tools")
    try:
        from revgate.migration.postgresql.backup import source_of_url  # noqa: PLC0415  the driver may be missing
    except ImportError as error:
        raise BackupFailed("Driver psycopg is missing: pip install 'revgate[postgresql]'") from error
    return source_of_url(url)
