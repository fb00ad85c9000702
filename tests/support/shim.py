"""A program of a user's PATH that hands itself over to the tests, which fork it: shims.py puts it there.

Nothing is imported that is not built in: starting this is to cost a few milliseconds.
"""

import _signal
import _socket
import marshal
import os
import sys

MODULES = ("alembic", "py_accountant.infrastructure.migrations", "revgate")
PLACE, _, NAME = sys.argv[0].rpartition("/")
PYTHON = sys.executable  # the one that reads this


def own() -> tuple[str, list[str]] | None:
    """Return which module or script this is to be, and its words; None for what is to be started as ever."""
    words = sys.argv[1:]
    if not NAME.startswith("python"):
        return f"{PYTHON.rpartition('/')[0]}/{NAME}", words
    return (words[1], words[2:]) if words[:1] == ["-m"] and words[1] in MODULES else None


def start() -> None:
    """Be the program itself."""
    program = own()
    command = [PYTHON, program[0], *program[1]] if program and "/" in program[0] else [PYTHON, *sys.argv[1:]]
    os.execv(PYTHON, command)  # noqa: S606  it is what was asked for


def hand_over(program: str, words: list[str]) -> int:
    """Return how it ended: its exit code, or the number of the signal below zero."""
    asked = marshal.dumps((program, words, os.getcwd(), dict(os.environ)))  # noqa: PTH109  pathlib takes long
    tests = _socket.socket(_socket.AF_UNIX)
    tests.connect(f"{PLACE}/../socket")
    descriptors = b"".join(one.to_bytes(4, sys.byteorder) for one in (0, 1, 2))
    tests.sendmsg([len(asked).to_bytes(4, "big")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, descriptors)])
    tests.sendall(asked)
    said = tests.recv(4)
    if not said:  # the tests cannot fork what has such an environment
        start()
    fork = int.from_bytes(said, "big")
    for signal in (_signal.SIGINT, _signal.SIGTERM):
        _signal.signal(signal, lambda given, _: os.kill(fork, given))
    said = tests.recv(4)
    return int.from_bytes(said, "big", signed=True) if said else -_signal.SIGKILL


found = own()
if found is None:
    start()
else:
    code = hand_over(*found)
    if code < 0:
        _signal.signal(-code, _signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)
