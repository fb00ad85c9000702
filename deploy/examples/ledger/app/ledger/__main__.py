"""Entry of ``python -m ledger``: serves until SIGTERM."""

import os
import signal
import sys

import sqlalchemy as sa

from ledger import __version_schema__, books
from ledger.server import Server
from ledger.web import App


def _engine() -> sa.Engine:
    url = sa.make_url(os.environ["DATABASE_URL"]).set(drivername="postgresql+psycopg")
    # No prepared statements: a migration changes tables below them, and a pooler may stand between
    return sa.create_engine(url, pool_pre_ping=True, connect_args={"prepare_threshold": None, "connect_timeout": 5})


def main() -> int:
    """Serve requests, and finish those that have begun when the pod is told to go."""
    server = Server(
        App(__version_schema__, books.Books(_engine(), __version_schema__)),
        port=int(os.environ.get("PORT", "8080")),
        drain=float(os.environ.get("DRAIN_SECONDS", "2")),
    )
    signal.signal(signal.SIGTERM, lambda *_: server.stop())
    signal.signal(signal.SIGINT, lambda *_: server.stop())
    print(f"Ledger {__version_schema__} serves on port {server.port}", file=sys.stderr, flush=True)
    server.serve()
    print(f"Ledger {__version_schema__} has finished its requests", file=sys.stderr, flush=True)
    return 0


sys.exit(main())
