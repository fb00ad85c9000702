"""``revgate webhook``: put the scheduling gate into labelled pods when they are made."""

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the webhook's options."""
    parser.add_argument(
        "--certificates",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="folder with tls.crt and tls.key, or with ca.crt and ca.key to sign certificates with",
    )
    parser.add_argument("--host", required=True, help="name by which the API server calls: SERVICE.NAMESPACE.svc")
    parser.add_argument("--address", default="", help="address to listen at (default: all)")
    parser.add_argument("--port", type=int, default=8443, help="port to listen at (default: 8443)")


def run(args: argparse.Namespace) -> int:
    """Answer reviews until SIGTERM."""
    import asyncio  # noqa: PLC0415 - only this verb needs what follows

    from revgate.control.telling.logs import configure_logs  # noqa: PLC0415
    from revgate.control.webhook.server import Options, serve  # noqa: PLC0415

    configure_logs()
    options = Options(certificates=args.certificates, host=args.host, address=args.address, port=args.port)
    asyncio.run(serve(options))
    return 0
