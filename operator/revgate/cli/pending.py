"""The verb `pending`: what an upgrade would apply."""

import argparse
from typing import Final

from revgate.cli.database_options import add_database_options, open_engine, scripts_of
from revgate.cli.printing import print_json, terminal_columns
from revgate.cli.quick import NOTHING_PENDING
from revgate.cli.settled import settled_head

EPILOG: Final = """\
Examples:
  %(prog)s
  %(prog)s | grep -q 'No pending' || exit 1
  %(prog)s --json | jq '.pending | length'

It ends with 0 in every state of the schema, and with 1 when the database could
not be asked. `plan` shows the SQL."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `pending`."""
    parser.add_argument("--json", action="store_true", help="print an object with the pending revisions in order")
    add_database_options(parser)


def run(args: argparse.Namespace) -> int:
    """Print what is pending."""
    head = settled_head(args)
    if head:
        _print_nothing(head, as_json=args.json)
        return 0
    from revgate.migration.library.asking import ask_position  # noqa: PLC0415  Alembic is loaded for a run only
    from revgate.migration.project.history_text import pending_text  # noqa: PLC0415  the same

    found = ask_position(open_engine(), scripts_of(args), echo=args.echo)
    names = [found.name(revision) for revision in found.pending]
    if args.json:
        rows = [{"revision": revision, "name": found.name(revision)} for revision in found.pending]
        print_json({"current": found.heads, "target": found.target, "standing": found.standing, "pending": rows})
    else:
        print(found.problem or pending_text(names, terminal_columns()))  # no count: a script must not read "none"
    return 0


def _print_nothing(head: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"current": [head], "target": [head], "standing": "reached", "pending": []})
    else:
        print(NOTHING_PENDING)
