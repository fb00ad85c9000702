"""Add account aggregates

Revision ID: 0008
Revises: 0007
Create Date: 2025-11-10
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account_aggregates",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("account_id", sa.BigInteger(), sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("balance", sa.Numeric(28, 8), server_default=sa.text("0"), nullable=False),
        sa.Column("currency_code", sa.String(10), nullable=False),
        sa.Column("as_of_date", sa.Date(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
    )
    op.create_index("idx_account_aggregates_account", "account_aggregates", ["account_id"])
    op.create_index("idx_account_aggregates_as_of_date", "account_aggregates", ["as_of_date"])


def downgrade() -> None:
    op.drop_table("account_aggregates")
