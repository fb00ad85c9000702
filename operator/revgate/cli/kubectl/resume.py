"""The verb `resume`: a suspended migration goes on."""

import argparse

from revgate.cli.kubectl.looking_up import migration_named
from revgate.cli.kubectl.options import add_name, bare_name
from revgate.cli.kubectl.program import MIGRATIONS, Kubectl


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the migration."""
    add_name(parser)


def run(kubectl: Kubectl, args: argparse.Namespace) -> int:
    """Unset spec.suspend."""
    migration = migration_named(kubectl, bare_name(args.name))
    if not migration.is_suspended:
        print(f"Migration {migration.name} was not suspended")
        return 0
    kubectl.patch(MIGRATIONS, migration.name, {"spec": {"suspend": False}})
    print(f"Migration {migration.name} goes on: `kubectl revgate status {migration.address}` shows how")
    return 0
