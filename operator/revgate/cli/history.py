"""The verb `history`: all revisions of the scripts, or what was applied to the database."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from revgate.cli import settled
from revgate.cli.database_options import add_database_options, open_engine, scripts_of
from revgate.cli.located import located_scripts
from revgate.cli.printing import print_json

if TYPE_CHECKING:
    import argparse

    from revgate.migration.project.entry import Entry

EPILOG: Final = """\
Examples:
  %(prog)s                   # from the base to the heads
  %(prog)s -c alembic.ini    # of another project
  %(prog)s --json | jq -r '.[] | select(.head).revision'
  %(prog)s --applied         # what was applied when, how long, by which image
  %(prog)s --applied --json | jq -r '.[] | select(.edited).revision'

No database is asked, but with --applied, or for an env.py that chooses by it
where the revisions are. There, a revision is recorded when it was applied
before the ledger began, undone or unrecorded when plain Alembic or a hand did
it since, and edited when its file is not the one that was applied."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `history`."""
    parser.add_argument("--json", action="store_true", help="print a list of objects")
    parser.add_argument("--applied", action="store_true", help="show what the database's ledger tells")
    add_database_options(parser)


def run(args: argparse.Namespace) -> int:
    """Print the history."""
    return _print_past(args) if args.applied else _print_scripts(args)


def _print_scripts(args: argparse.Namespace) -> int:
    from revgate.migration.project.history_text import history_lines  # noqa: PLC0415  not for every verb

    entries = _entries(args)
    if args.json:
        print_json([entry.as_json() for entry in entries])
    else:
        print("\n".join(history_lines(entries)))  # in one go: each word is searched for passwords
    return 0


def _entries(args: argparse.Namespace) -> tuple[Entry, ...]:
    known = None if args.x else settled.entries(bundled=args.bundled, config=args.config)
    if known is not None:
        return known
    from revgate.migration.project.entries import read_entries  # noqa: PLC0415  Alembic is loaded for a run only

    return read_entries(located_scripts(args).directory)


def _print_past(args: argparse.Namespace) -> int:
    from revgate.migration.applied import read_past  # noqa: PLC0415  see _print_scripts
    from revgate.migration.project.history_text import applied_lines  # noqa: PLC0415  the same

    past = read_past(open_engine(), scripts_of(args), echo=args.echo)
    if past.missing:
        print(past.missing, file=sys.stderr)
    if args.json:
        print_json([one.as_json() for one in past.revisions])
    elif not past.missing:
        print(*applied_lines(past.revisions), sep="\n")
    return 0
