"""``revgate operator``: watch SchemaMigrations and run their Jobs."""

import argparse
import os

RUNNER_IMAGE = "REVGATE_RUNNER_IMAGE"
LEASE = "REVGATE_LEASE"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the operator's options."""
    parser.add_argument(
        "--runner-image",
        default=os.environ.get(RUNNER_IMAGE, ""),
        help=f"image of a migration that names none (default: ${RUNNER_IMAGE})",
    )
    parser.add_argument(
        "--listen",
        metavar="HOST:PORT",
        default="0.0.0.0:8080",
        help="where to answer /healthz, /readyz and /metrics (default: 0.0.0.0:8080)",
    )
    parser.add_argument(
        "--lease",
        metavar="NAMESPACE/NAME",
        default=os.environ.get(LEASE, ""),
        help=f"Lease that the replicas share: only its holder works (default: ${LEASE}; empty: there is one replica)",
    )
    parser.add_argument(
        "--scheduling-gate",
        action="store_true",
        help="let pods go that wait behind the scheduling gate revgate.io/schema; needs the right to patch pods",
    )
    parser.add_argument(
        "--http-gate",
        action="store_true",
        help="answer GET /gate/NAMESPACE/NAME?requires=REVISION beside the probes, without asking who asks",
    )


def run(args: argparse.Namespace) -> int:
    """Run the operator until SIGTERM."""
    if not args.runner_image:
        raise SystemExit(f"revgate operator: name the runner image with --runner-image or {RUNNER_IMAGE}")
    import asyncio  # noqa: PLC0415 - only this verb needs what follows

    from revgate.control.leadership.lease import Place  # noqa: PLC0415
    from revgate.control.process import Options, operate  # noqa: PLC0415
    from revgate.control.telling.logs import configure_logs  # noqa: PLC0415

    try:
        lease = Place.parse(args.lease) if args.lease else None
    except ValueError as error:
        raise SystemExit(f"revgate operator: {error}") from error
    configure_logs()
    options = Options(
        runner_image=args.runner_image,
        listen=args.listen,
        lease=lease,
        scheduling_gate=args.scheduling_gate,
        http_gate=args.http_gate,
    )
    asyncio.run(operate(options))
    return 0
