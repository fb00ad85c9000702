"""The verb `retry`: a new value of the annotation revgate.io/retry starts the run again."""

import argparse
from datetime import UTC, datetime

from revgate.cli.kubectl.looking_up import migration_named
from revgate.cli.kubectl.migration import Migration
from revgate.cli.kubectl.options import add_name, bare_name
from revgate.cli.kubectl.program import MIGRATIONS, Kubectl
from revgate.contract import names


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the migration."""
    add_name(parser)


def run(kubectl: Kubectl, args: argparse.Namespace) -> int:
    """Write the annotation, and say what follows."""
    migration = migration_named(kubectl, bare_name(args.name))
    value = datetime.now(UTC).isoformat()
    kubectl.patch(MIGRATIONS, migration.name, {"metadata": {"annotations": {names.RETRY: value}}})
    print(f"Migration {migration.name} is tried again: {_what_follows(migration)}")
    return 0


def _what_follows(migration: Migration) -> str:
    run = migration.run
    if run and run.state == "Started":
        return f"when Job {run.job}, which is at work, has ended"
    if migration.is_suspended:
        return f"when it is no longer suspended: `kubectl revgate resume {migration.address}`"
    return f"`kubectl revgate status {migration.address}` shows how it goes"
