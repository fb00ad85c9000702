"""Programs for the front of a PATH: an `alembic` in a script or a Makefile is forked as those of commands are."""

import atexit
import marshal
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
from contextlib import suppress
from functools import cache
from pathlib import Path

from support import commands

NAMES = ("alembic", "python", "python3", "revgate")


@cache
def programs() -> Path:
    """Return their folder, which is called bin; it is there until the tests end."""
    place = Path(tempfile.mkdtemp(prefix="revgate-shims-"))
    atexit.register(shutil.rmtree, place)
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(place / "socket"))
    server.listen()
    commands.can_fork(os.environ)  # what forks is started here: it needs the signals that _serve has not
    threading.Thread(target=_serve, args=(server,), daemon=True).start()
    folder = place / "bin"
    folder.mkdir()
    text = Path(__file__).with_name("shim.py").read_text()
    for name in NAMES:
        (folder / name).write_text(f"#!{sys.executable} -IS\n{text}")
        (folder / name).chmod(0o755)
    return folder


def _serve(server: socket.socket) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())  # they are for the thread that runs the tests
    while True:
        asking, _ = server.accept()
        threading.Thread(target=_fork, args=(asking,), daemon=True).start()


def _fork(asking: socket.socket) -> None:
    with asking:
        length, descriptors, _, _ = socket.recv_fds(asking, 4, 3)
        asked = asking.recv(int.from_bytes(length, "big"), socket.MSG_WAITALL)
        program, words, folder, environ = marshal.loads(asked)  # noqa: S302  our own words
        try:
            if not commands.can_fork(environ):
                return  # the shim starts it, then
            stdin, stdout, stderr = descriptors
            streams = (stdin, stdout, stderr)
            process = commands.start(program, *words, folder=Path(folder), environ=environ, streams=streams)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        threading.Thread(target=_end_with, args=(asking, process), daemon=True).start()
        with suppress(OSError):  # the shim was killed
            asking.sendall(process.pid.to_bytes(4, "big"))
            code = process.wait()
            asking.shutdown(socket.SHUT_RD)
            asking.sendall(code.to_bytes(4, "big", signed=True))


def _end_with(asking: socket.socket, process: commands.Started) -> None:
    """Kill the fork of a shim that was killed, which then says no more."""
    with suppress(OSError):  # it has ended already
        asking.recv(1)
    process.kill()
