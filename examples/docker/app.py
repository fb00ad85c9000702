"""The app behind the entrypoint: it does not start on a schema that is behind, and answers /health."""

import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import sqlalchemy as sa

from revgate import MigrationError, MigrationRunner, VersionMismatchError, __version_schema__

engine = sa.create_engine(os.environ["DATABASE_URL"], pool_pre_ping=True)
runner = MigrationRunner(engine, connect_wait=0)  # seconds: the entrypoint waited; a probe must not


class Health(BaseHTTPRequestHandler):
    """What a probe talks to."""

    def do_GET(self) -> None:
        """Answer with the state of the schema; 503 while it is behind, or the database is away."""
        try:
            seen = runner.inspect()
        except MigrationError:
            self._answer(503, {"error": "The database could not be asked"})
        else:
            fields = {"schema_version": ", ".join(seen.heads), "expected_version": __version_schema__}
            self._answer(503 if seen.pending else 200, fields)

    def _answer(self, status: int, fields: dict[str, str]) -> None:
        body = json.dumps(fields).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    """Serve until SIGTERM, which a first process in a container does not get by itself."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        refuse_old_schema()
        server = ThreadingHTTPServer(("", int(os.environ.get("PORT", "8000"))), Health)
        print(f"Listening on port {server.server_port}", flush=True)
        server.serve_forever()
    except MigrationError as error:
        sys.exit(str(error))
    finally:
        engine.dispose()


def refuse_old_schema() -> None:
    """Raise unless the schema is what this code expects, or ahead of it: a release that was rolled back must start."""
    try:
        runner.validate_schema_version(__version_schema__)
    except VersionMismatchError as error:
        if error.kind != "ahead":
            raise


if __name__ == "__main__":
    main()
