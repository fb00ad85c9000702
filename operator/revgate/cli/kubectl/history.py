"""The verb `history`: the finished runs of a migration."""

import argparse
from datetime import UTC, datetime
from typing import Final

from revgate.cli.kubectl.history_text import history_json, history_lines
from revgate.cli.kubectl.looking_up import migration_named
from revgate.cli.kubectl.options import add_name, add_output, bare_name
from revgate.cli.kubectl.paint import painter
from revgate.cli.kubectl.program import Kubectl
from revgate.cli.printing import print_json, terminal_columns

EPILOG: Final = """\
Examples:
  kubectl revgate history ledger
  kubectl revgate history ledger -o json | jq -r '.[0].image'    # the last one

Runs that found nothing to do are not kept; spec.historyLimit says how many are.
`revgate history --applied` asks the database itself, back to its beginning."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the migration."""
    add_name(parser)
    add_output(parser)


def run(kubectl: Kubectl, args: argparse.Namespace) -> int:
    """Print the runs."""
    migration = migration_named(kubectl, bare_name(args.name))
    if args.output:
        print_json(history_json(migration.history))
    elif migration.history:
        print(*history_lines(migration.history, datetime.now(UTC), terminal_columns(), painter()), sep="\n")
    else:
        print(f"Migration {migration.name} has no finished run that changed the database or failed")
    return 0
