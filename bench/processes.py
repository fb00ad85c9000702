"""Whole processes, timed: what the benchmarks of this folder share."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.servers import DEBIAN_BINARIES, Database  # noqa: E402  the path comes first

GNU_TIME = shutil.which("time")
_DROPPED = ("REVGATE_", "DATABASE_", "PG", "PYTHONDONTWRITEBYTECODE", "DJANGO_")


@dataclass(frozen=True)
class Figures:
    """Wall and processor time of each run in milliseconds, and the most memory of one run in MB."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)

    def note(self, figures: tuple[float, float]) -> None:
        """Add a run."""
        self.wall.append(figures[0])
        self.cpu.append(figures[1])

    def to(self, other: "Figures") -> tuple[float, float]:
        """Return how often the other's medians fit into these: wall clock, processor."""
        return median(self.wall) / median(other.wall), median(self.cpu) / median(other.cpu)


def environment(**given: str) -> dict[str, str]:
    """Return this environment without what leads to a database, in which Python may keep its bytecode."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(_DROPPED)}
    return clean | {"REVGATE_TERMINATION_MESSAGE": os.devnull, **given}


def words_for(database: Database, **given: str) -> dict[str, str]:
    """Return the environment that leads each contender to a database."""
    return environment(
        DATABASE_URL=database.sqlalchemy_url,  # Alembic takes SQLAlchemy's spelling, as a gate does
        REVGATE_DATABASE_URL=database.url,
        PGHOST=database.host,
        PGPORT=str(database.port),
        PGDATABASE=database.name,
        PGUSER=database.user,
        PGPASSWORD=database.password,
        **given,
    )


def own(name: str, *words: str) -> list[str]:
    """Return a command of this Python environment."""
    return [str(Path(sys.executable).parent / name), *words]


def psql(*words: str) -> list[str]:
    """Return psql itself; Debian's `psql` is a wrapper that takes longer than it."""
    return [str(DEBIAN_BINARIES / "psql"), "-qXAt", "-v", "ON_ERROR_STOP=1", *words]


def timed(command: Sequence[str], words: Mapping[str, str], folder: Path = ROOT) -> tuple[float, float]:
    """Return milliseconds of a whole process that must succeed: wall clock, processor."""
    began = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, env=words, cwd=folder, stdout=subprocess.DEVNULL, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise SystemExit(f"{' '.join(command)} failed: {said.read().decode()[-2000:]}")
    return wall * 1000, (usage.ru_utime + usage.ru_stime) * 1000


def timed_with_memory(figures: Figures, command: Sequence[str], words: Mapping[str, str], folder: Path = ROOT) -> None:
    """Note time and memory of a run: by a program that is smaller than what it starts, for a child begins with its
    parent's memory. It takes a millisecond.
    """
    if GNU_TIME is None:
        figures.note(timed(command, words, folder))
        return
    with tempfile.NamedTemporaryFile() as file:
        figures.note(timed([GNU_TIME, "-f", "%M", "-o", file.name, *command], words, folder))
        figures.memory.append(int(file.read()) / 1000)


def files_below(places: Iterable[Path]) -> list[str]:
    """Return every file in some folders that exist."""
    return [os.path.join(folder, name) for place in places for folder, _, names in os.walk(place) for name in names]  # noqa: PTH118  ten thousands


def forget(files: Iterable[str]) -> None:
    """Take files out of the kernel's cache of pages.

    What a running program has mapped stays there, and so does what the kernel knows of names.
    """
    for path in files:
        if os.path.isfile(path):  # noqa: PTH113  as above; a temporary one may be gone, a link may lead nowhere
            file = os.open(path, os.O_RDONLY)
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(file)
