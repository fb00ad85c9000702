"""Add is_base_currency flag

The index holds at most one row: a ledger has one base currency.

Revision ID: 0002
Revises: 0001
Create Date: 2025-11-04
"""

import sqlalchemy as sa
from alembic import op
from revgate.migrations import naming

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        naming.name("currencies"),
        sa.Column("is_base_currency", sa.Boolean(), server_default=sa.false(), nullable=False),
        schema=naming.schema(),
    )
    op.create_index(
        naming.name("idx_currencies_base"),
        naming.name("currencies"),
        ["is_base_currency"],
        schema=naming.schema(),
        unique=True,
        postgresql_where=sa.text("is_base_currency"),
        sqlite_where=sa.text("is_base_currency"),
    )


def downgrade() -> None:
    op.drop_index(naming.name("idx_currencies_base"), naming.name("currencies"), schema=naming.schema())
    op.drop_column(naming.name("currencies"), "is_base_currency", schema=naming.schema())
