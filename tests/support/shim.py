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
    """Return which module or script this is to be, and its words; None for what has to be a Python of its own."""
    words = sys.argv[1:]
    if not NAME.startswith("python"):
        return f"{PYTHON.rpartition('/')[0]}/{NAME}", words
    return (words[1], words[2:]) if words[:1] == ["-m"] and words[1] in MODULES else None


def hand_over(program: str, words: list[str]) -> int:
    """Return how it ended: its exit code, or the number of the signal below zero."""
    asked = marshal.dumps((program, words, os.getcwd(), dict(os.environ)))  # noqa: PTH109  pathlib takes long
    tests = _socket.socket(_socket.AF_UNIX)
    tests.connect(f"{PLACE}/../socket")
    descriptors = b"".join(one.to_bytes(4, sys.byteorder) for one in (0, 1, 2))
    tests.sendmsg([len(asked).to_bytes(4, "big")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, descriptors)])
    tests.sendall(asked)
    fork = number(tests)
    for signal in (_signal.SIGINT, _signal.SIGTERM):
        _signal.signal(signal, lambda given, _: os.kill(fork, given))
    return number(tests)


def number(tests: _socket.socket) -> int:
    """Return the next number that the tests say.

    Raises:
        SystemExit: if they end, as they do when they could not start it.
    """
    said = tests.recv(4)
    if len(said) < 4:
        sys.exit("The tests did not start it")
    return int.from_bytes(said, "big", signed=True)


found = own()
if found is None:
    os.execv(PYTHON, [PYTHON, *sys.argv[1:]])  # noqa: S606  it is what was asked for
code = hand_over(*found)
if code < 0:
    _signal.signal(-code, _signal.SIG_DFL)
    os.kill(os.getpid(), -code)
os._exit(code)
