"""The verb `graph`: the revisions as a picture, in text or for Mermaid."""

import argparse
from typing import Final

from revgate.cli.database_options import add_database_options
from revgate.cli.located import located_scripts
from revgate.cli.printing import print_json

EPILOG: Final = """\
Examples:
  %(prog)s                               # branches are lanes
  %(prog)s --format mermaid > graph.mmd  # for documentation
  %(prog)s --json | jq '.heads'

No database is asked."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `graph`."""
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--format", choices=("text", "mermaid"), default="text", help="of the picture (default: text)")
    form.add_argument("--json", action="store_true", help="print an object with the revisions and the heads")
    add_database_options(parser)


def run(args: argparse.Namespace) -> int:
    """Print the picture."""
    from revgate.migration.project.entries import read_entries  # noqa: PLC0415  Alembic is loaded for a run only
    from revgate.migration.project.graph_text import graph_lines, mermaid_lines  # noqa: PLC0415  the same

    entries = read_entries(located_scripts(args).directory)
    if args.json:
        heads = [entry.revision for entry in entries if entry.is_head]
        print_json({"revisions": [entry.as_json() for entry in entries], "heads": heads})
    else:
        lines = graph_lines(entries) if args.format == "text" else mermaid_lines(entries)
        print(*lines, sep="\n")
    return 0
