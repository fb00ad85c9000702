"""Finding what a person named, and the names that may have been meant."""

import difflib
from typing import Final

from revgate.cli.kubectl.errors import ForbiddenError, NotFoundError, PluginError
from revgate.cli.kubectl.migration import Migration, migration_of
from revgate.cli.kubectl.program import MIGRATIONS, PLANS, Kubectl
from revgate.cli.kubectl.schema_plan import Plan, plan_of

_MOST_NAMES: Final = 5


def migration_named(kubectl: Kubectl, name: str) -> Migration:
    """Return the migration, or raise with names that are near to this one."""
    try:
        return migration_of(kubectl.get(MIGRATIONS, name))
    except NotFoundError:
        raise missing(kubectl, MIGRATIONS, "SchemaMigration", name) from None


def plan_for(kubectl: Kubectl, migration: Migration) -> Plan:
    """Return the plan that the migration's status names."""
    if not migration.plan:
        raise NotFoundError(
            f"Migration {migration.name} has no plan: plans are made with spec.mode Plan or with spec.approval, and "
            f"when a run has looked at the database; it is {migration.ready.reason} now"
        )
    try:
        return plan_of(kubectl.get(PLANS, migration.plan))
    except NotFoundError:
        raise NotFoundError(
            f"SchemaPlan {migration.plan} of migration {migration.name} was deleted: "
            f"`kubectl revgate retry {migration.address}` has it made again"
        ) from None


def missing(kubectl: Kubectl, kind: str, word: str, name: str) -> PluginError:
    """Return what to say when there is no object of this name."""
    start = f"{word} {name} was not found in namespace {kubectl.current_namespace()}"
    try:
        known = sorted(each["metadata"]["name"] for each in kubectl.find(kind))
    except ForbiddenError:
        return NotFoundError(f"{start}: look for the name, or choose another namespace with -n")
    near = difflib.get_close_matches(name, known, n=2)
    if near:
        return NotFoundError(f"{start}: did you mean {' or '.join(near)}?")
    if not known:
        return NotFoundError(f"{start}, which has none: choose another one with -n")
    more = ", ..." if len(known) > _MOST_NAMES else ""
    return NotFoundError(f"{start}: there are {', '.join(known[:_MOST_NAMES])}{more}")
