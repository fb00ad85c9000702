"""Alembic on Kubernetes: migrations as resources, rollouts gated on the schema."""

from __future__ import annotations

TYPE_CHECKING = False  # typing takes 9 ms, and a gate has 30
if TYPE_CHECKING:
    from typing import Any

    from revgate.migration.backups.backup import Backup, BackupFailed
    from revgate.migration.concurrently import create_index_concurrently, drop_index_concurrently
    from revgate.migration.errors import MigrationError, VersionMismatchError
    from revgate.migration.including.include import include_in_alembic
    from revgate.migration.library.inspection import Inspection
    from revgate.migration.library.results import MigrationResult
    from revgate.migration.library.runner import MigrationRunner

__version__ = "0.2.0"

__version_schema__ = "0008"
"""The newest bundled revision: what an app that uses the bundled ledger requires."""

__all__ = [
    "Backup",
    "BackupFailed",
    "Inspection",
    "MigrationError",
    "MigrationResult",
    "MigrationRunner",
    "VersionMismatchError",
    "__version__",
    "__version_schema__",
    "create_index_concurrently",
    "drop_index_concurrently",
    "include_in_alembic",
]

_HOMES = {
    "Backup": "revgate.migration.backups.backup",
    "BackupFailed": "revgate.migration.backups.backup",
    "Inspection": "revgate.migration.library.inspection",
    "MigrationResult": "revgate.migration.library.results",
    "MigrationError": "revgate.migration.errors",
    "MigrationRunner": "revgate.migration.library.runner",
    "VersionMismatchError": "revgate.migration.errors",
    "create_index_concurrently": "revgate.migration.concurrently",
    "drop_index_concurrently": "revgate.migration.concurrently",
    "include_in_alembic": "revgate.migration.including.include",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is asked for: a gate and the operator start without Alembic and SQLAlchemy."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - as typing

    return getattr(import_module(_HOMES[name]), name)
