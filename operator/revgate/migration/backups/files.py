"""A folder of backups: what the files are called, what is written beside them, and which are removed."""

import fcntl
import hashlib
import json
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

from revgate import __version__
from revgate.migration.backups.failed import BackupFailed
from revgate.migration.output.log import get_logger

PARTIAL: Final = ".partial"
SIDECAR: Final = ".json"
_MAKER: Final = "revgate"
_UNFIT: Final = re.compile(r"[^A-Za-z0-9._+-]+")
_MOMENT: Final = re.compile(r"-[0-9]{8}T[0-9]{6}[.][0-9]{3}Z-")
_LONGEST: Final = 60  # of the parts of a name that others chose; file systems allow 255 bytes in all
_ABANDONED_AFTER: Final = 60.0  # seconds: a partial file is locked right after it was made


@dataclass(frozen=True, slots=True)
class BackupFile:
    """A verified backup, as it is also written down in the JSON file beside it."""

    path: Path
    database: str  # HOST:PORT/NAME or the file
    revision: tuple[str, ...] | None  # the heads that the database was at; None when nobody knew
    taken_at: datetime  # whatever was committed before is in it
    size: int  # bytes
    sha256: str
    seconds: float
    server: str  # the database's version
    lsn: str  # "" for SQLite
    restore: tuple[str, ...]  # commands of a shell

    @property
    def sidecar(self) -> Path:
        """Return the JSON file beside it."""
        return self.path.with_name(self.path.name + SIDECAR)

    def as_json(self) -> dict[str, Any]:
        """Return what is written down, and printed for scripts."""
        values = {**asdict(self), "path": str(self.path.absolute()), "taken_at": self.taken_at.isoformat()}
        return {"made_by": f"{_MAKER} {__version__}", "file": self.path.name, **values}


def file_name(stem: str, revision: Iterable[str] | None, taken_at: datetime, suffix: str) -> str:
    """Return STEM-MOMENT-HEADS.SUFFIX: by name, the backups of one database are in the order of time."""
    moment = f"{taken_at:%Y%m%dT%H%M%S}.{taken_at.microsecond // 1000:03}Z"
    heads = "unknown" if revision is None else _fit("+".join(revision)) or "base"
    return f"{_fit(stem) or 'database'}-{moment}-{heads}{suffix}"


def sha256_of(path: Path) -> str:
    """Return the digest of a file, as sha256sum prints it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def refuse_missing(folder: Path) -> None:
    """Raise BackupFailed when there is no such folder; it is not made, for it may be a volume that is not there."""
    if not folder.exists():
        raise BackupFailed(f"Backup folder {folder} does not exist: create it, or mount the volume that it is to be")


@contextmanager
def failing_as_ours(place: str, folder: Path) -> Iterator[None]:
    """Turn what the file system raises into BackupFailed."""
    try:
        yield
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise BackupFailed(
            f"Backup of {place} into {folder} failed: {why}; name a folder with room to write"
        ) from error


@contextmanager
def partial_file(path: Path) -> Iterator[BinaryIO]:
    """Yield the open file that is to become the backup; unless `finish` renames it, nothing is left of it.

    A lock on it tells the next run that somebody writes it, also when that is a pg_dump whose runner was killed.
    """
    _remove_abandoned(path)
    partial = path.with_name(path.name + PARTIAL)
    with open(partial, "xb", opener=_for_us_only) as file:
        try:
            _locked(file)
            yield file
        finally:
            partial.unlink(missing_ok=True)


def finish(file: BinaryIO, backup: BackupFile) -> None:
    """Give a verified file its name, when it and what is written down beside it are sure to be on the disk."""
    os.fsync(file.fileno())
    with open(backup.sidecar, "x", opener=_for_us_only, encoding="utf-8") as sidecar:
        try:
            sidecar.write(json.dumps(backup.as_json(), indent=2) + "\n")
            sidecar.flush()
            os.fsync(sidecar.fileno())
            Path(file.name).rename(backup.path)
        except BaseException:
            backup.sidecar.unlink()
            raise
    _sync_folder(backup.path.parent)


def remove_surplus(newest: BackupFile, keep: int) -> None:
    """Remove the older backups of the same database, but for the newest `keep`; the upgrade does not fail by this."""
    for path in surplus(_backups_in(newest.path.parent), newest, keep):
        try:
            path.unlink()
            path.with_name(path.name + SIDECAR).unlink(missing_ok=True)
            get_logger().info("backup_removed", file=str(path))
        except OSError as error:
            get_logger().warning("backup_not_removed", file=str(path), problem=error.strerror)


def surplus(found: Mapping[Path, Mapping[str, Any]], newest: BackupFile, keep: int) -> tuple[Path, ...]:
    """Return which of the files that were found, by what is written down of each, are too many beside the newest."""
    same = [path for path, written in found.items() if written.get("database") == newest.database]
    older = [path for path in same if path.name != newest.path.name]  # whatever the clock said when it was taken
    return tuple(sorted(older, key=lambda path: str(found[path].get("taken_at")), reverse=True)[keep - 1 :])


def _backups_in(folder: Path) -> dict[Path, Mapping[str, Any]]:
    """Return the backups that we made: with a JSON file beside them that says so, and of the size that it says."""
    found = {}
    for sidecar in folder.glob(f"*{SIDECAR}"):
        with suppress(OSError, ValueError):
            path, written = sidecar.with_name(sidecar.name.removesuffix(SIDECAR)), json.loads(sidecar.read_bytes())
            if _is_ours(path, written):
                found[path] = written
    return found


def _is_ours(path: Path, written: object) -> bool:
    return (
        isinstance(written, dict)
        and str(written.get("made_by")).startswith(_MAKER)
        and written.get("file") == path.name
        and path.is_file()
        and written.get("size") == path.stat().st_size
    )


def _remove_abandoned(path: Path) -> None:
    """Remove what killed runs left of earlier backups of the same name, where nobody writes any more."""
    for partial in path.parent.glob(f"*{PARTIAL}"):
        with suppress(OSError):  # gone meanwhile, or somebody else's
            if _stem(partial) == _stem(path) and _is_abandoned(partial):
                partial.unlink()


def _stem(path: Path) -> str | None:
    stem, *rest = _MOMENT.split(path.name, maxsplit=1)
    return stem if rest else None


def _is_abandoned(partial: Path) -> bool:
    if time.time() - partial.stat().st_mtime < _ABANDONED_AFTER:
        return False
    with partial.open("rb") as file:
        return _locked(file)


def _locked(file: BinaryIO) -> bool:
    """Try to lock a file until it is closed, here and in a process that inherited it; not every file system can."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _for_us_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)  # everybody's data is in it


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _fit(text: str) -> str:
    """Return what of a text may stand in the name of a file."""
    return _UNFIT.sub("_", text)[:_LONGEST].lstrip(".")
