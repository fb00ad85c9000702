"""``revgate operator``: watch SchemaMigrations and run their Jobs."""

import argparse
import os

RUNNER_IMAGE = "REVGATE_RUNNER_IMAGE"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the operator's options."""
    parser.add_argument(
        "--runner-image",
        default=os.environ.get(RUNNER_IMAGE, ""),
        help=f"image of a migration that names none (default: ${RUNNER_IMAGE})",
    )
    parser.add_argument("--liveness", default="http://0.0.0.0:8080/healthz", help="where to answer the liveness probe")


def run(args: argparse.Namespace) -> int:
    """Run the operator until SIGTERM."""
    if not args.runner_image:
        raise SystemExit(f"revgate operator: name the runner image with --runner-image or {RUNNER_IMAGE}")
    import asyncio  # noqa: PLC0415 - only this verb needs what follows

    from revgate.control.logs import configure_logs  # noqa: PLC0415
    from revgate.control.process import Options, operate  # noqa: PLC0415

    configure_logs()
    asyncio.run(operate(Options(runner_image=args.runner_image, liveness=args.liveness)))
    return 0
