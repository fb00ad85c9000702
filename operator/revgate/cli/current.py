"""The verb `current`: the revision of the database."""

import argparse
import sys
from typing import Final

from revgate.cli.database_options import add_database_options, open_engine, scripts_of
from revgate.cli.printing import print_json
from revgate.cli.quick import CURRENT
from revgate.cli.settled import settled_head

EPILOG: Final = """\
Examples:
  %(prog)s
  %(prog)s | grep -oP '\\d{4}'            # 0008
  %(prog)s --json | jq -r '.current[]'   # any id

It ends with 0 in every state of the schema, and with 1 when the database could
not be asked."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `current`."""
    parser.add_argument("--json", action="store_true", help="print an object with current, target and standing")
    add_database_options(parser)


def run(args: argparse.Namespace) -> int:
    """Print the revision."""
    head = settled_head(args)
    if head:
        _print((head,), (head,), "reached", as_json=args.json)
        return 0
    from revgate.migration.library.asking import ask_position  # noqa: PLC0415  Alembic is loaded for a run only

    found = ask_position(open_engine(), scripts_of(args), echo=args.echo)
    if found.problem:
        print(found.problem, file=sys.stderr)
    _print(found.heads, found.target, found.standing, as_json=args.json)
    return 0


def _print(heads: tuple[str, ...], target: tuple[str, ...], standing: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"current": heads, "target": target, "standing": standing})
    else:
        print(CURRENT.format(", ".join(heads)) if heads else "Database not initialized")
