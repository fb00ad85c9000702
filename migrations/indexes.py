"""Indexes of the bundled tables that hold rows already, under the names that they have here."""

from collections.abc import Sequence

from revgate.migrations import naming

from revgate.migration.concurrently import create_index_concurrently, drop_index_concurrently


def create_index(plain: str, plain_table: str, columns: Sequence[str], *, unique: bool = False) -> None:
    """Create an index; on PostgreSQL without blocking writers, in transactions of its own.

    Everything that the revision did before is committed by this, so it must be safe to do again.
    """
    create_index_concurrently(
        naming.name(plain), naming.name(plain_table), columns, schema=naming.schema(), unique=unique
    )


def drop_index(plain: str, plain_table: str) -> None:
    """Drop what create_index made, whether or not an earlier try did so."""
    drop_index_concurrently(naming.name(plain), naming.name(plain_table), schema=naming.schema())
