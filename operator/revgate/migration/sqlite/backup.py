"""A backup of SQLite by its online backup: a consistent copy, whoever else has the file open."""

import shlex
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import quote

import sqlalchemy as sa

from revgate.migration.backups.backup import Copied
from revgate.migration.backups.failed import BackupFailed
from revgate.migration.output.wording import first_line
from revgate.migration.sqlite.file import Address, blocking

_PATIENCE: Final = 30.0  # seconds that a writer may keep us from beginning to read
_PAGES: Final = 4096  # a step; between two of them a signal can end us


@dataclass(frozen=True, slots=True)
class SqliteSource:
    """One file."""

    url: sa.URL

    @property
    def place(self) -> str:
        """Return the file by its whole path."""
        file = Address(blocking(self.url)).file
        return ":memory:" if file is None or _is_in_memory(self.url) else str(file.absolute())

    @property
    def stem(self) -> str:
        """Return the file's name without its ending."""
        return Path(self.place).stem

    @property
    def suffix(self) -> str:
        """Return how a copy's name ends."""
        return ".sqlite3"

    def check(self) -> None:
        """Raise BackupFailed without a file."""
        if self.place == ":memory:":
            raise BackupFailed("A database in memory has no backup: name a file in the URL, or leave out the backup")
        if not Path(self.place).is_file():
            raise BackupFailed(f"Database file {self.place} does not exist: check the path in the URL")

    def copy(self, file: BinaryIO) -> Copied:
        """Copy the database into the file.

        Raises:
            BackupFailed: see Source.
        """
        with self._failing_as_ours():
            self._write(Path(file.name))
            self._verify(Path(file.name))
        return Copied(f"SQLite {sqlite3.sqlite_version}")

    def restore_commands(self, path: Path, _copied: Copied) -> tuple[str, ...]:
        """Return what puts the copy in the place of the file; a log left beside it would be played into the copy."""
        rest = [f"{self.place}{ending}" for ending in ("-wal", "-shm", "-journal")]
        return (shlex.join(["rm", "-f", *rest]), shlex.join(["cp", str(path), self.place]))

    def _write(self, path: Path) -> None:
        with closing(Address(blocking(self.url)).dial(_PATIENCE)) as source, closing(sqlite3.connect(path)) as target:
            source.execute("BEGIN")  # one snapshot for all steps: without it, a busy writer makes them begin anew
            source.execute("SELECT count(*) FROM sqlite_master").fetchone()
            source.backup(target, pages=_PAGES, sleep=0)

    def _verify(self, path: Path) -> None:
        # immutable: a copy of a file with a write-ahead log would get one of its own by being read
        with closing(sqlite3.connect(f"file:{quote(str(path.absolute()))}?immutable=1", uri=True)) as copy:
            found: str = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if found != "ok":
            raise BackupFailed(
                f"Backup of {self.place} failed its integrity check ({found.splitlines()[-1]}): the database itself is "
                "damaged, mend or restore it before anything else"
            )

    @contextmanager
    def _failing_as_ours(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise BackupFailed(f"Backup of {self.place} failed: {first_line(error)}") from error


def _is_in_memory(url: sa.URL) -> bool:
    return ":memory:" in (url.database or "") or url.query.get("mode") == "memory"
