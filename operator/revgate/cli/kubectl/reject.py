"""The verb `reject`: the plan that is shown is never run."""

import argparse
from typing import Final

from revgate.cli.kubectl.deciding import add_decision, ask, read_undecided, record
from revgate.cli.kubectl.errors import PluginError
from revgate.cli.kubectl.program import Kubectl

EPILOG: Final = """\
Examples:
  kubectl revgate reject ledger --why 'rewrites accounts in business hours'

A rejected plan stays rejected; a new image or target makes a new one."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what is rejected, and why."""
    add_decision(parser)
    parser.add_argument("--why", required=True, metavar="TEXT", help="the reason, for those who wrote the revision")


def run(kubectl: Kubectl, args: argparse.Namespace) -> int:
    """Reject the plan."""
    if not args.why.strip():
        raise PluginError("A rejection needs a reason: pass --why")
    plan = read_undecided(kubectl, args)
    ask(plan, "Reject this?", yes=args.yes)
    user = record(kubectl, plan, "rejected", why=args.why.strip())
    print(f"\nPlan {plan.name} was rejected by {user}")
    return 0
