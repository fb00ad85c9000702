"""The verb `approve`: the operator may run the plan that is shown."""

import argparse
from typing import Final

from revgate.cli.kubectl.deciding import add_decision, ask, read_undecided, record
from revgate.cli.kubectl.program import Kubectl

EPILOG: Final = """\
Examples:
  kubectl revgate approve ledger
  kubectl revgate approve ledger --plan ledger-1a2b3c4d5e --yes   # in a job

It needs the right to patch schemaplans.revgate.io, and names you as the API
server knows you. It is refused when the plan changed while you read it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what is approved."""
    add_decision(parser)


def run(kubectl: Kubectl, args: argparse.Namespace) -> int:
    """Approve the plan."""
    plan = read_undecided(kubectl, args)
    ask(plan, "Let the operator run this?", yes=args.yes)
    user = record(kubectl, plan, "approved")
    print(f"\nPlan {plan.name} was approved by {user}: `kubectl revgate status {plan.address}` shows how it goes on")
    return 0
