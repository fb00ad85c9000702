"""The network to the database: a port of the test's own that leads to the server, until it is cut."""

import random
import socket
import struct
from contextlib import closing, suppress
from threading import Event, Lock, Thread

from support.servers import HOST

_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: closed with a reset


class Link:
    """Passes on what comes, refuses connections, or swallows everything as a firewall does that drops packets."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._flows = Event()
        self._open: set[socket.socket] = set()
        self._lock = Lock()
        self._flows.set()
        self._listen(0)
        self.port: int = self._listener.getsockname()[1]

    def refuse(self) -> None:
        """End every connection, and let nobody connect."""
        _close(self._listener)
        self.reset()

    def swallow(self) -> None:
        """Let nothing through, in either direction, not even that somebody has left."""
        self._flows.clear()

    def mend(self) -> None:
        """Pass everything on, also what was swallowed."""
        if self._listener.fileno() < 0:
            self._listen(self.port)
        self._flows.set()

    def reset(self) -> None:
        """End every connection that there is."""
        with self._lock:
            several, self._open = self._open, set()
        for each in several:
            with suppress(OSError):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            _close(each)

    def close(self) -> None:
        self._flows.set()
        self.refuse()

    def _listen(self, port: int) -> None:
        self._listener = _listening(port)
        Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        self._flows.wait()
        try:
            server = socket.create_connection((HOST, self._target))
        except OSError:
            _close(client)
            return
        with self._lock:
            self._open |= {client, server}
        for source, sink in ((client, server), (server, client)):
            Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self._flows.wait()
                sink.sendall(data)
        self._flows.wait()
        with self._lock:
            self._open -= {source, sink}
        _close(source)
        _close(sink)


def _close(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)  # whoever waits in it finds out
    one.close()


def _listening(port: int = 0) -> socket.socket:
    """Listen on a port below the range of outgoing connections, one of which could take it while it is refused."""
    for number in [port] if port else random.sample(range(12000, 20000), 100):
        with closing(socket.socket()) as probe:
            if port or probe.connect_ex((HOST, number)) != 0:
                return socket.create_server((HOST, number))
    raise RuntimeError(f"No free port was found on {HOST} in 100 tries")
