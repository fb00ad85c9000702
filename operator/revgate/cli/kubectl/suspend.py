"""The verb `suspend`: no run is started until `resume`."""

import argparse

from revgate.cli.kubectl.looking_up import migration_named
from revgate.cli.kubectl.options import add_name, bare_name
from revgate.cli.kubectl.program import MIGRATIONS, Kubectl


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the migration."""
    add_name(parser)


def run(kubectl: Kubectl, args: argparse.Namespace) -> int:
    """Set spec.suspend."""
    migration = migration_named(kubectl, bare_name(args.name))
    if migration.is_suspended:
        print(f"Migration {migration.name} was suspended already")
        return 0
    kubectl.patch(MIGRATIONS, migration.name, {"spec": {"suspend": True}})
    at_work = migration.run and migration.run.state == "Started"
    more = f"Job {migration.run.job} is at work and goes on" if migration.run and at_work else "no run is started"
    print(f"Migration {migration.name} is suspended: {more}")
    return 0
