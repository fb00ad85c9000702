"""The verb `history`: all revisions of the scripts, whatever the database has."""

import argparse
from typing import Final

from revgate.cli.database_options import add_database_options, scripts_of
from revgate.cli.printing import print_json

EPILOG: Final = """\
Examples:
  %(prog)s                   # from the base to the heads
  %(prog)s -c alembic.ini    # of another project
  %(prog)s --json | jq -r '.[] | select(.head).revision'

No database is asked."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `history`."""
    parser.add_argument("--json", action="store_true", help="print a list of objects")
    add_database_options(parser)


def run(args: argparse.Namespace) -> int:
    """Print the history."""
    from revgate.migration.project.entries import read_entries  # noqa: PLC0415  Alembic is loaded for a run only
    from revgate.migration.project.history_text import history_lines  # noqa: PLC0415  the same

    entries = read_entries(scripts_of(args).directory)
    if args.json:
        print_json([entry.as_json() for entry in entries])
    else:
        print(*history_lines(entries), sep="\n")
    return 0
