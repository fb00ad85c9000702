"""The verb `stamp`: say where a database is that something else brought there."""

import argparse
from typing import Final

from revgate.cli.database_options import add_database_options, open_runner

EPILOG: Final = """\
Examples:
  %(prog)s 0008    # the tables are there, made by other means
  %(prog)s 0005    # instead of a revision that no script has
  %(prog)s base    # nothing is applied

Nothing is run and nothing is checked: what you say is written into the version
table."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `stamp`."""
    parser.add_argument("revision", metavar="REVISION", help="head, heads, a revision, or base")
    add_database_options(parser)


def run(args: argparse.Namespace) -> int:
    """Stamp the database."""
    runner = open_runner(args)
    runner.stamp(args.revision)
    result = runner.last_result
    print(f"✓ Stamped {', '.join(result.current) if result and result.current else args.revision}")
    return 0
