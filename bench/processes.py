"""Whole processes, timed: what the benchmarks of this folder share."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
GNU_TIME = shutil.which("time")
_DROPPED = ("REVGATE_", "DATABASE_", "PG", "PYTHONDONTWRITEBYTECODE")


@dataclass(frozen=True)
class Figures:
    """Wall and processor time of each run in milliseconds, and the most memory of one run in MB."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)


def environment(**given: str) -> dict[str, str]:
    """Return this environment without what leads to a database, in which Python may keep its bytecode."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(_DROPPED)}
    return clean | {"REVGATE_TERMINATION_MESSAGE": os.devnull, **given}


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
            raise SystemExit(f"{command[0]} failed: {said.read().decode()[-2000:]}")
    return wall * 1000, (usage.ru_utime + usage.ru_stime) * 1000


def memory_of(command: Sequence[str], words: Mapping[str, str], folder: Path = ROOT) -> float:
    """Return megabytes; by a program that is smaller than what it starts, for a child begins with its parent's."""
    with tempfile.NamedTemporaryFile() as file:
        subprocess.run(
            [str(GNU_TIME), "-f", "%M", "-o", file.name, *command],
            env=words,
            cwd=folder,
            check=True,
            capture_output=True,
        )
        return int(file.read()) / 1000
