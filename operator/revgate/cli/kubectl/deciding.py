"""Saying yes or no to a plan: about what was shown, by the caller, once.

Between the look and the word the plan may have changed. So the migration is read again after the question, and the
patch names the plan's resourceVersion: the API server refuses when anything else was written to it.
"""

import argparse
import sys
from datetime import UTC, datetime
from typing import Any

from revgate.cli.kubectl.errors import ConflictError, PluginError
from revgate.cli.kubectl.looking_up import migration_named, plan_for
from revgate.cli.kubectl.migration import Migration
from revgate.cli.kubectl.moments import written
from revgate.cli.kubectl.options import add_name, bare_name
from revgate.cli.kubectl.paint import painter
from revgate.cli.kubectl.plan_text import summary_lines
from revgate.cli.kubectl.program import PLANS, Kubectl
from revgate.cli.kubectl.schema_plan import Plan
from revgate.cli.printing import terminal_columns


def add_decision(parser: argparse.ArgumentParser) -> None:
    """Declare the migration, the plan that was read, and --yes."""
    add_name(parser)
    parser.add_argument("--plan", default="", metavar="SCHEMAPLAN", help="the plan that was read; refuse any other")
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask")


def read_undecided(kubectl: Kubectl, args: argparse.Namespace) -> Plan:
    """Return the plan that waits for a word; raise when there is none, or another than --plan says."""
    migration = migration_named(kubectl, bare_name(args.name))
    if not migration.is_seen:
        raise PluginError(
            f"Migration {migration.name} was changed, and the operator has not looked at it yet: its plan "
            "may be an old one; try again in a moment"
        )
    plan = plan_for(kubectl, migration)
    _check(plan, migration, args.plan)
    return plan


def ask(plan: Plan, question: str, *, yes: bool) -> None:
    """Show the plan and ask; raise when the answer is not yes."""
    print(*summary_lines(plan, datetime.now(UTC), terminal_columns(), painter()), sep="\n")
    if yes:
        return
    if not sys.stdin.isatty():
        raise PluginError("Nobody can be asked here: read the plan, then pass --yes, and best --plan with its name")
    print(f"\n{question} [y/N] ", end="", flush=True)
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise PluginError("Nothing was changed")


def record(kubectl: Kubectl, plan: Plan, word: str, **more: str) -> str:
    """Write `approved` or `rejected` into the plan that was shown, and return who did; raise when it changed."""
    user = kubectl.user()
    migration = migration_named(kubectl, plan.migration)
    if migration.plan != plan.name:
        raise _changed(plan, f"its plan is {migration.plan or 'gone'} now")
    said: dict[str, Any] = {"by": user, "at": written(datetime.now(UTC)), **more}
    change = {"metadata": {"resourceVersion": plan.resource_version}, "spec": {word: said}}
    try:
        kubectl.patch(PLANS, plan.name, change)
    except ConflictError:
        raise _changed(plan, f"SchemaPlan {plan.name} was written to") from None
    return user


def _check(plan: Plan, migration: Migration, wanted: str) -> None:
    if wanted and bare_name(wanted) != plan.name:
        raise PluginError(f"Plan of migration {migration.name} is {plan.name} and not {wanted}: read it first")
    if plan.rejected:
        raise PluginError(f"Plan {plan.name} was rejected by {plan.rejected.by}: {plan.rejected.why}")
    if plan.approved:
        raise PluginError(f"Plan {plan.name} was approved by {plan.approved.by} already")
    if not plan.needs_approval:
        raise PluginError(f"Plan {plan.name} needs no approval: spec.approval of {migration.name} does not ask for it")


def _changed(plan: Plan, what: str) -> PluginError:
    return PluginError(
        f"Migration {plan.migration} changed meanwhile, {what}, and nothing was written: look again with "
        f"`kubectl revgate plan {plan.address}`"
    )
