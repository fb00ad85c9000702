"""Ports for what a test starts itself."""

import socket
from contextlib import closing


def free_port() -> int:
    """Return a port that nobody listens at, on the loopback interface."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
