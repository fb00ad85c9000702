"""The verb `status`: one migration in detail, or all of them."""

import argparse
from datetime import UTC, datetime
from typing import Final

from revgate.cli.kubectl.errors import PluginError
from revgate.cli.kubectl.looking_up import migration_named
from revgate.cli.kubectl.migration import migration_of
from revgate.cli.kubectl.options import add_output, bare_name
from revgate.cli.kubectl.paint import painter
from revgate.cli.kubectl.program import MIGRATIONS, Kubectl
from revgate.cli.kubectl.status_text import status_json, status_lines, table_lines
from revgate.cli.printing import print_json, terminal_columns

EPILOG: Final = """\
Examples:
  kubectl revgate status              # all of this namespace
  kubectl revgate status -A           # all of the cluster
  kubectl revgate status ledger       # one, and what happens next
  kubectl revgate status -A -o json | jq -r '.[] | select(.stalled).name'"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the migration, which may be left out."""
    parser.add_argument("name", metavar="NAME", nargs="?", default="", help="the migration; without one: all")
    parser.add_argument("-A", "--all-namespaces", action="store_true", help="list those of all namespaces")
    add_output(parser)


def run(kubectl: Kubectl, args: argparse.Namespace) -> int:
    """Print where migrations are."""
    if not args.name:
        return _print_all(kubectl, args)
    if args.all_namespaces:
        raise PluginError("A name means one namespace: leave out the name, or -A")
    migration = migration_named(kubectl, bare_name(args.name))
    now = datetime.now(UTC)
    if args.output:
        print_json(status_json(migration, now))
    else:
        print(*status_lines(migration, now, terminal_columns(), painter()), sep="\n")
    return 0


def _print_all(kubectl: Kubectl, args: argparse.Namespace) -> int:
    migrations = [migration_of(body) for body in kubectl.find(MIGRATIONS, everywhere=args.all_namespaces)]
    now = datetime.now(UTC)
    if args.output:
        print_json([status_json(migration, now) for migration in migrations])
    elif migrations:
        lines = table_lines(migrations, now, terminal_columns(), painter(), everywhere=args.all_namespaces)
        print(*lines, sep="\n")
    else:
        place = "the cluster" if args.all_namespaces else f"namespace {kubectl.current_namespace()}"
        print(f"No SchemaMigration in {place}")
    return 0
