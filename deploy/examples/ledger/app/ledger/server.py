"""HTTP from the standard library, with an end that loses no request.

SIGTERM ──> not ready, still serving ── drain ──> no new connection ── requests under way end ──> exit 0
"""

import http.server
import json
import sys
import threading
from typing import ClassVar

from ledger.web import App, Request


class Server:
    """Serves an app in a thread for each request."""

    def __init__(self, app: App, port: int, drain: float) -> None:
        self._app = app
        self._drain = drain
        self._http = _Http(("", port), type("Handler", (_Handler,), {"app": app}))

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._http.server_address[1])

    def serve(self) -> None:
        """Serve until stop was called, and return when the last request has its answer."""
        self._http.serve_forever(poll_interval=0.1)
        self._http.server_close()

    def stop(self) -> None:
        """Say not ready at once, and stop when the cluster had the time to see it."""
        self._app.ready = False
        threading.Timer(self._drain, self._http.shutdown).start()


class _Http(http.server.ThreadingHTTPServer):
    daemon_threads = False  # so that closing waits for requests under way
    request_queue_size = 128


class _Handler(http.server.BaseHTTPRequestHandler):
    app: ClassVar[App]
    timeout = 10  # seconds for a client to say something; HTTP/1.0, so no connection stays open between requests

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    do_PUT = do_POST  # noqa: N815 - http.server's way to name what answers a method

    def _answer(self, body: bytes) -> None:
        key = self.headers.get("Idempotency-Key", "")
        status, fields = self.app.answer(Request(self.command, self.path, body, key))
        text = json.dumps(fields).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, text: str, *words: object) -> None:
        if "/health" not in self.path:
            print(text % words, file=sys.stderr, flush=True)
