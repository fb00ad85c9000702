"""The verb `plan`: what a migration would do."""

import argparse
from datetime import UTC, datetime
from typing import Final

from revgate.cli.kubectl.looking_up import migration_named, plan_for
from revgate.cli.kubectl.options import add_name, bare_name
from revgate.cli.kubectl.paint import painter
from revgate.cli.kubectl.plan_text import plan_lines
from revgate.cli.kubectl.program import Kubectl
from revgate.cli.printing import terminal_columns

EPILOG: Final = """\
Examples:
  kubectl revgate plan ledger
  kubectl get splan -o yaml -l revgate.io/run-of=ledger    # all plans"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the migration."""
    add_name(parser)


def run(kubectl: Kubectl, args: argparse.Namespace) -> int:
    """Print the plan that the migration's status names."""
    plan = plan_for(kubectl, migration_named(kubectl, bare_name(args.name)))
    print(*plan_lines(plan, datetime.now(UTC), terminal_columns(), painter()), sep="\n")
    return 0
