"""How long the webhook takes to answer, beside a handler that looks at nothing: both over TLS, in turns.

Each server is a process of its own, as in a cluster, and so is what asks them: whatever else the machine does
meanwhile disturbs both alike.
"""

import http.client
import json
import select
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import quantiles
from typing import Final

from aiohttp import web

WEBHOOK, EMPTY = "revgate webhook", "an empty handler"
PATH: Final = "/gate-pods"
PAUSE: Final = 0.02
REVIEW: Final = json.dumps(
    {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "9f1b2c3d-0000-4000-8000-000000000000",
            "operation": "CREATE",
            "object": {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {
                    "generateName": "shop-",
                    "labels": {"app": "shop", "revgate.io/migration": "ledger"},
                    "annotations": {"revgate.io/requires": "0008", "example.com/config": "x" * 2_000},
                },
                "spec": {"containers": [{"name": "app", "image": "registry.example/shop:1", "args": ["y" * 2_000]}]},
            },
        },
    }
)
ALLOWED: Final = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": {"allowed": True}}


@contextmanager
def asked_in_turns() -> Iterator[dict[str, list[float]]]:
    """Ask both servers all the time; afterwards the seconds of every answer are in what was yielded."""
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        certificate(Path(folder))
        own = [sys.executable, __file__, folder]
        process = subprocess.Popen(own, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            yield found
            found |= json.loads(process.communicate("\n", timeout=60)[0])
        finally:
            process.kill()
            process.wait()


def ninety_ninth(seconds: list[float]) -> float:
    """Return the 99th percentile."""
    return quantiles(seconds, n=100)[98]


def certificate(folder: Path) -> None:
    """Make a certificate for localhost, and its key."""
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", str(folder / "tls.key"), "-out", str(folder / "tls.crt")]
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    subprocess.run(["openssl", "req", "-x509", *kind, *names, *files], check=True, capture_output=True)


def ask(folder: Path) -> None:
    """Start both servers, ask them in turns until a line is read, and print the seconds of each answer."""
    commands = {
        WEBHOOK: ["-m", "revgate", "webhook", "--certificates", str(folder), "--host", "localhost"],
        EMPTY: [__file__, str(folder)],
    }
    trusted = ssl.create_default_context(cafile=folder / "tls.crt")
    ports = {name: free_port() for name in commands}
    servers = [
        subprocess.Popen([sys.executable, *words, "--port", str(ports[name])], stderr=subprocess.DEVNULL)
        for name, words in commands.items()
    ]
    try:
        connections = {name: connect(port, trusted) for name, port in ports.items()}
        found: dict[str, list[float]] = {name: [] for name in connections}
        is_over = watch_input()
        while not is_over():
            one_round(connections, found)
        print(json.dumps(found))
    finally:
        for server in servers:
            server.kill()
            server.wait()


def one_round(connections: Mapping[str, http.client.HTTPSConnection], found: dict[str, list[float]]) -> None:
    """Ask each once."""
    for name, connection in connections.items():
        began = time.perf_counter()
        connection.request("POST", PATH, REVIEW, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        found[name].append(time.perf_counter() - began)
        if answer.status != http.client.OK or b'"allowed": true' not in text:
            raise SystemExit(f"{name} answered {answer.status}: {text[:300]!r}")
        time.sleep(PAUSE)


def watch_input() -> Callable[[], bool]:
    """Return what tells whether a line has come."""
    return lambda: bool(select.select([sys.stdin], [], [], 0)[0])


def connect(port: int, trusted: ssl.SSLContext) -> http.client.HTTPSConnection:
    """Return a connection that stays open, once the server takes one."""
    end = time.monotonic() + 30
    while True:
        connection = http.client.HTTPSConnection("localhost", port, context=trusted, timeout=30)
        try:
            connection.connect()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
        else:
            return connection


def free_port() -> int:
    """Return a port that nobody has."""
    with closing(socket.socket()) as own:
        own.bind(("127.0.0.1", 0))
        return int(own.getsockname()[1])


def serve_nothing(folder: Path, port: int) -> None:
    """Answer every review in the same way, with the same server as the webhook's."""

    async def allow(request: web.Request) -> web.Response:
        await request.read()
        return web.json_response(ALLOWED)

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    app = web.Application()
    app.add_routes([web.post(PATH, allow)])
    web.run_app(app, host="localhost", port=port, ssl_context=context, print=None, access_log=None)


if __name__ == "__main__":
    at, *rest = sys.argv[1:]
    if rest:
        serve_nothing(Path(at), int(rest[-1]))
    else:
        ask(Path(at))
