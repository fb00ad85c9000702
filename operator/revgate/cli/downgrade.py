"""The verb `downgrade`: undo the newest revisions. The only way down, and only when somebody asks for it."""

import argparse
import re
import sys
from contextlib import suppress
from typing import Final

from revgate.cli.database_options import add_database_options, open_engine, scripts_of
from revgate.cli.migrating import migrating

EPILOG: Final = """\
Examples:
  %(prog)s -1      # undo the newest revision
  %(prog)s 0005    # undo everything newer than 0005
  %(prog)s base    # undo everything

A downgrade may drop tables and columns with what is in them. It says which before
it begins: `backup` first."""

_STEPS: Final = re.compile(r"-(\d+)")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `downgrade`."""
    parser.add_argument("revision", metavar="REVISION", help="a revision, -N for so many steps, or base")
    add_database_options(parser)


def run(args: argparse.Namespace) -> int:
    """Downgrade the database."""
    steps = _STEPS.fullmatch(args.revision)
    _say_what_goes(args)
    with migrating(args, "downgrade") as runner:
        if steps:
            runner.downgrade(int(steps[1]))
        else:
            runner.downgrade(target=args.revision)
    result = runner.last_result
    assert result is not None
    if not result.revisions:
        print("Nothing was undone: the database is there already", file=sys.stderr)
    print(f"✓ Downgraded to {', '.join(result.current) or 'base'}")
    return 0


def _say_what_goes(args: argparse.Namespace) -> None:
    from revgate.migration.errors import MigrationError  # noqa: PLC0415  Alembic is loaded for a run only
    from revgate.migration.plans.losing import losses_of_downgrade  # noqa: PLC0415  the same

    with suppress(MigrationError):  # the downgrade itself says it, or waits for a server that comes up
        for loss in losses_of_downgrade(open_engine(), scripts_of(args), args.revision):
            print(f"Takes away {loss}", file=sys.stderr)
