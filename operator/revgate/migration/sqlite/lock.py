"""The runner's lock on a file: the kernel gives it up with the process that held it, however that ended."""

import errno
import fcntl
import os
import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from revgate.migration.errors import LockHeld, PermissionDenied
from revgate.migration.output.log import get_logger
from revgate.migration.seen import Seen
from revgate.migration.stopping import pause

_POLL: Final = (0.02, 0.15)
_SAY_AGAIN: Final = 30.0
_LONGEST: Final = 100  # bytes that the file says of its holder


@contextmanager
def file_locked(database: Path, wait: float) -> Iterator[None]:
    """Hold DATABASE.migrate.lock, which is there only while somebody works or waits.

    Raises:
        LockHeld: naming the process that has it.
        PermissionDenied: if it cannot be created.
    """
    real = database.resolve()  # as SQLite does: by a link, another runner would look for another lock
    path = real.with_name(real.name + ".migrate.lock")
    handle = _acquire(path, wait)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)  # while it is held: whoever waits then finds that its file is no more
        os.close(handle)


def _acquire(path: Path, wait: float) -> int:
    began, said = time.monotonic(), 0.0
    while True:
        handle = _open(path)
        try:
            if _is_taken(handle, path):
                return handle
        except BaseException:
            os.close(handle)
            raise
        holder = _holder(handle)
        os.close(handle)
        waited = time.monotonic() - began
        if waited >= wait:
            raise LockHeld(
                f"Migration lock {path} was held by {holder or 'another process'} for the {waited:.0f} s that this run "
                "waited: wait for that runner, or end it"
            )
        if waited - said >= _SAY_AGAIN or not said:
            get_logger().info("lock_awaited", holder=str(holder), waited_seconds=round(waited, 1))
            said = waited or _POLL[0]
        pause(min(random.uniform(*_POLL), max(0.0, wait - waited)))  # noqa: S311  spreads runners, guards nothing


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise PermissionDenied(
            f"Migration lock {path} could not be created ({error.strerror}): let this user write to the folder"
        ) from error


def _is_taken(handle: int, path: Path) -> bool:
    """Try to take the lock; one on a file that its last holder has just removed is worth nothing."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EAGAIN):
            return False
        raise
    try:
        is_current = os.fstat(handle).st_ino == path.stat().st_ino
    except FileNotFoundError:
        return False
    if is_current:
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()} {Path(sys.argv[0]).name}".encode(errors="replace")[:_LONGEST], 0)
    return is_current


def _holder(handle: int) -> Seen | None:
    """Return who wrote the file, and how long ago; None when it is being written."""
    pid, _, program = os.pread(handle, _LONGEST, 0).decode(errors="replace").partition(" ")
    age = max(0.0, time.time() - os.fstat(handle).st_mtime)
    return Seen(int(pid), program, "", age) if pid.isdecimal() else None
