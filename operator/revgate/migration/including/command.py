"""Which command of Alembic env.py runs for: nothing says it but the function that finds the steps."""

from typing import Final

from alembic.runtime.migration import MigrationContext

from revgate.migration.environment import environment

DIRECTION: Final = "revgate_direction"
"""Option that our own runner passes to Alembic's context: "upgrade", "downgrade" or "stamp"."""


def is_upgrade(context: MigrationContext) -> bool:
    """Whether revisions are about to be applied, and not only looked at, stamped or undone."""
    if context.opts.get("dont_mutate"):  # `alembic current`, and our own runner's look
        return False
    find_steps = context.opts["fn"]
    if getattr(find_steps, "__module__", "") == environment.__name__:
        return bool(context.opts.get(DIRECTION, "upgrade") == "upgrade")
    # A part of the name: programs that make an EnvironmentContext have a do_upgrade or upgrade_all of their own
    return "upgrade" in getattr(find_steps, "__name__", "")
