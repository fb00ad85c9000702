"""Alembic on Kubernetes: migrations as resources, rollouts gated on the schema."""

__version__ = "0.1.0"

__version_schema__ = "0008"
"""The newest bundled revision: what an app that uses the bundled ledger requires."""

__all__ = ["__version__", "__version_schema__"]
