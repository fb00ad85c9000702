"""Which database a status is about. A spec that names another one makes everything in the status worthless at once."""

from revgate.control.deciding.inputs import database_of
from revgate.control.observing.snapshot import Malformed, Migration
from revgate.control.resource.record import Condition, ConditionStatus


def is_about_this_database(migration: Migration) -> bool:
    """Whether the database that was read last is the one that the spec names now.

    A run of the newest spec that made the migration ready proves it; otherwise what the status remembers of the run.
    A newer image alone changes nothing, and pods of the old release may restart while it is at work.
    """
    status = migration.status
    if status.observed_at is None:
        return False
    if is_ready(migration):
        return True
    seen = status.observed_by
    if seen is None or isinstance(migration.spec, Malformed):
        return False
    return bool(seen.database) and seen.database == database_of(migration.spec)


def is_ready(migration: Migration) -> bool:
    """Whether the migration is ready with the spec that it has now."""
    ready = condition_of(migration, "Ready")
    return is_seen(migration) and ready is not None and ready.status is ConditionStatus.TRUE


def is_stalled(migration: Migration) -> bool:
    """Whether a human must act before anything goes on."""
    stalled = condition_of(migration, "Stalled")
    return is_seen(migration) and stalled is not None and stalled.status is ConditionStatus.TRUE


def is_seen(migration: Migration) -> bool:
    """Whether the status is about the newest spec."""
    return migration.status.observed_generation == migration.generation


def condition_of(migration: Migration, name: str) -> Condition | None:
    """Return a condition of the status."""
    return next((each for each in migration.status.conditions if each.type == name), None)
