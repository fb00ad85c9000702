"""How a process that is forked from a warm one becomes `python -m MODULE`."""

import atexit
import os
import runpy
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import Any, TextIO

TESTS = str(Path(__file__).parents[1])
GIVEN = os.environ.get("PYTHONPATH", "").split(os.pathsep)
PATH = [path for path in sys.path if path not in {"", TESTS, *GIVEN}]


@dataclass(frozen=True)
class Stream:
    """A descriptor that goes along to the fork, where it has another number."""

    number: int

    def __reduce__(self) -> tuple[object, ...]:
        return _received, (DupFd(self.number),)


def _received(sent: "DupFd") -> Stream:
    return Stream(sent.detach())


@dataclass(frozen=True)
class Command:
    """`python -m MODULE WORD...`, or a script: its folder, its environment, its input, output and errors."""

    module: str
    words: tuple[str, ...]
    folder: str
    environ: dict[str, str]
    streams: tuple[Stream, Stream, Stream]


def become(command: Command) -> None:
    """Be this command until the end of the process.

    Raises:
        SystemExit: always.
    """
    _connect(command.streams, command.environ)
    os.chdir(command.folder)
    os.environ.clear()
    os.environ.update(command.environ)
    sys.dont_write_bytecode = bool(command.environ.get("PYTHONDONTWRITEBYTECODE"))
    sys.path[:] = [*filter(None, command.environ.get("PYTHONPATH", "").split(os.pathsep)), *PATH]
    sys.argv = [command.module, *command.words]
    try:
        _main(command)
    except Exception:  # noqa: BLE001  Python itself ends so after what nobody has caught
        traceback.print_exc()
        raise SystemExit(1) from None
    finally:
        atexit._run_exitfuncs()
    raise SystemExit(0)


def _main(command: Command) -> None:
    is_script = os.sep in command.module
    sys.path.insert(0, str(Path(command.module).parent) if is_script else command.folder)
    if is_script:
        runpy.run_path(command.module, run_name="__main__")
    else:
        runpy.run_module(command.module, run_name="__main__", alter_sys=True)


def _connect(streams: tuple[Stream, ...], environ: Mapping[str, str]) -> None:
    for number, stream in enumerate(streams):
        os.dup2(stream.number, number)
        os.close(stream.number)
    at_once = bool(environ.get("PYTHONUNBUFFERED"))
    sys.stdin = sys.__stdin__ = open(0, closefd=False)  # noqa: SIM115  they end with the process
    sys.stdout = sys.__stdout__ = _writing(1, sys.stdout, line_buffering=os.isatty(1), write_through=at_once)
    sys.stderr = sys.__stderr__ = _writing(2, sys.stderr, line_buffering=True, write_through=at_once)


def _writing(number: int, before: Any, **how: bool) -> TextIO:
    """Return a new stream: the one before knows a file, which may be a terminal now."""
    made = open(number, "w", encoding=before.encoding, errors=before.errors, closefd=False)  # noqa: SIM115  as above
    made.reconfigure(**how)
    return made
