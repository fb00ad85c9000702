"""Add account aggregates

Revision ID: 0008
Revises: 0007
Create Date: 2025-11-10
"""

import sqlalchemy as sa
from alembic import op
from revgate.migrations import naming

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    table = naming.name("account_aggregates")
    op.create_table(
        table,
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("account_id", sa.BigInteger(), naming.reference("accounts.id"), nullable=False),
        sa.Column("balance", sa.Numeric(28, 8), server_default=sa.text("0"), nullable=False),
        sa.Column("currency_code", sa.String(10), nullable=False),
        sa.Column("as_of_date", sa.Date(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        schema=naming.schema(),
    )
    for index, column in (("account", "account_id"), ("as_of_date", "as_of_date")):
        op.create_index(naming.name(f"idx_account_aggregates_{index}"), table, [column], schema=naming.schema())


def downgrade() -> None:
    op.drop_table(naming.name("account_aggregates"), schema=naming.schema())
