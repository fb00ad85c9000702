"""Add is_base_currency flag

The index holds at most one row: a ledger has one base currency.

Revision ID: 0002
Revises: 0001
Create Date: 2025-11-04
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "currencies",
        sa.Column("is_base_currency", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.create_index(
        "idx_currencies_base",
        "currencies",
        ["is_base_currency"],
        unique=True,
        postgresql_where=sa.text("is_base_currency"),
        sqlite_where=sa.text("is_base_currency"),
    )


def downgrade() -> None:
    op.drop_index("idx_currencies_base", "currencies")
    op.drop_column("currencies", "is_base_currency")
