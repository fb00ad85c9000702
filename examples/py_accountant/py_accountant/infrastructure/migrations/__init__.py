"""What applications import to migrate the ledger's tables."""

from revgate import MigrationError, MigrationRunner, VersionMismatchError, include_in_alembic

__all__ = ["MigrationError", "MigrationRunner", "VersionMismatchError", "include_in_alembic"]
