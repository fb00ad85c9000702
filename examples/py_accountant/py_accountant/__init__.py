"""The name that the Migration API's reference uses for the ledger whose revisions revgate bundles."""

from revgate import __version_schema__

__all__ = ["__version_schema__"]
